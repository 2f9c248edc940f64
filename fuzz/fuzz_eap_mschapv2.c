/* SPDX-License-Identifier: Apache-2.0
 *
 * EAP-MSCHAPv2 under a fuzzer, in both roles: one end is tested, the other is a real one whose
 * packets the input passes on, changes, cuts or replaces by its own. What must hold: an answer is a
 * whole EAP packet of the right kind within its room, an error answers nothing, ends that do not
 * know the same password never succeed, and two that succeed have the same key. A contradiction
 * traps.
 *
 * Input: an octet of flags, an octet of room for answers, then steps: an octet of what, and its
 * data.
 */
#include <ipsec/backend_eap_mschapv2.h>

#include <stdlib.h>
#include <string.h>

#define PACKET_BYTES 600
#define STEPS_MAX    64
#define SA           5

enum flag {
    FLAG_SERVER = 1, /* the end that is tested */
    FLAG_ASK_IDENTITY = 2,
    FLAG_RETRIES = 4,
    FLAG_ANY_ID = 8,
    FLAG_WRONG_PASSWORD = 16,
    FLAG_WRONG_ID = 32,
    FLAG_SMALL_ROOM = 64
};

enum step {
    STEP_RAW,     /* length (2 octets), packet */
    STEP_HONEST,  /* what the other end sent */
    STEP_CHANGED, /* the same with an octet (offset: 2 octets) XORed (1 octet) */
    STEP_CUT,     /* its beginning (2 octets), with EAP's length set right */
    STEP_FORGET,
    STEP_BEGIN, /* the server begins once more */
    STEPS
};

struct end {
    struct ipsec_eap_mschapv2 *method;
    uint64_t block[1000];
    bool server;
    const char *password;
    bool any_id;
    uint8_t next_random;
    uint8_t packet[PACKET_BYTES];
    struct ipsec_eap_reply reply;
    bool succeeded;
};

struct input {
    const uint8_t *data;
    size_t size;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

static size_t take(struct input *in, size_t octets)
{
    size_t value = 0;
    for (; octets > 0 && in->size > 0; octets--) {
        value = value << 8 | *in->data++;
        in->size--;
    }
    return value;
}

static enum ipsec_status counted(void *context, uint8_t *out, size_t length)
{
    struct end *end = context;
    for (size_t i = 0; i < length; i++) {
        out[i] = end->next_random++;
    }
    return IPSEC_OK;
}

static enum ipsec_status credential(void *user, const struct ipsec_eap_mschapv2_query *query,
                                    struct ipsec_eap_mschapv2_credential *out)
{
    const struct end *end = user;
    require(query->ike_sa == SA && query->server == end->server);
    if (query->server && (query->name.length != 5 || memcmp(query->name.data, "alice", 5) != 0)) {
        return IPSEC_ERR_NOT_FOUND;
    }
    memcpy(out->name, "alice", 5);
    out->name_length = 5;
    out->password_length = strlen(end->password);
    memcpy(out->password, end->password, out->password_length);
    out->any_id = end->any_id;
    return IPSEC_OK;
}

static void make(struct end *end, bool server, uint8_t flags)
{
    struct ipsec_eap_mschapv2_config config = IPSEC_EAP_MSCHAPV2_CONFIG_INIT;
    memset(end, 0, sizeof(*end));
    end->server = server;
    end->password = !server && (flags & FLAG_WRONG_PASSWORD) != 0 ? "other" : "p\xc3\xa4ss";
    end->any_id = (flags & FLAG_ANY_ID) != 0;
    end->next_random = server ? 100 : 1;
    config.credential = credential;
    config.user = end;
    config.random = counted;
    config.random_context = end;
    config.session_max = 2;
    config.retries = (flags & FLAG_RETRIES) != 0 ? 2 : 0;
    config.ask_identity = (flags & FLAG_ASK_IDENTITY) != 0;
    require(ipsec_eap_mschapv2_init(end->block, sizeof(end->block), &config, &end->method) ==
            IPSEC_OK);
}

/* A whole packet of the code that goes with the state; a client's success sends nothing. */
static void check_reply(const struct end *end)
{
    static const uint8_t codes[2][3] = {
        [false] = {[IPSEC_EAP_CONTINUE] = 2, [IPSEC_EAP_SUCCESS] = 0, [IPSEC_EAP_FAILURE] = 0},
        [true] = {[IPSEC_EAP_CONTINUE] = 1, [IPSEC_EAP_SUCCESS] = 3, [IPSEC_EAP_FAILURE] = 4},
    };
    const uint8_t code = codes[end->server][end->reply.state];
    const size_t length = end->reply.length;
    require(length <= end->reply.capacity && (code == 0) == (length == 0));
    require((end->reply.msk_length == IPSEC_EAP_MSK_BYTES) ==
            (end->reply.state == IPSEC_EAP_SUCCESS));
    if (length > 0) {
        require(length >= (code < 3 ? 5 : 4) && end->packet[0] == code);
        require((size_t)end->packet[2] << 8 == (length & 0xff00) &&
                end->packet[3] == (length & 0xff));
    }
}

/* The packet in a block of exactly its size, so that a sanitizer sees the first octet read beyond.
 */
static enum ipsec_status run(struct end *end, uint8_t flags, struct ipsec_view packet, size_t room)
{
    static const char name[] = "alice";
    uint8_t *exact = malloc(packet.length == 0 ? 1 : packet.length);
    struct ipsec_id id = {.type = IPSEC_ID_FQDN, .length = 5};
    memcpy(id.bytes, (flags & FLAG_WRONG_ID) != 0 ? "boss!" : name, 5);
    const struct ipsec_eap_query query = {
        .ike_sa = SA, .server = end->server, .remote_id = &id, .packet = {exact, packet.length}};
    require(exact != NULL);
    if (packet.length > 0) {
        memcpy(exact, packet.data, packet.length);
    }
    end->succeeded = false;
    memset(&end->reply, 0, sizeof(end->reply));
    end->reply.packet = end->packet;
    end->reply.capacity = room;
    const enum ipsec_status status = ipsec_eap_mschapv2_run(end->method, 0, &query, &end->reply);
    free(exact);
    require(status <= IPSEC_OK && (status == IPSEC_OK || end->reply.length == 0));
    if (status == IPSEC_OK) {
        check_reply(end);
        end->succeeded = end->reply.state == IPSEC_EAP_SUCCESS;
        require(!end->succeeded || (flags & FLAG_WRONG_PASSWORD) == 0);
        require(!end->succeeded || !end->server || (flags & FLAG_WRONG_ID) == 0 || end->any_id);
    }
    return status;
}

static struct ipsec_view sent(const struct end *end)
{
    const struct ipsec_view view = {end->packet, end->reply.length};
    return view;
}

/* The packet of a step, in a buffer of the caller's. False: the step sends none. */
static bool packet_of(struct input *in, size_t step, const struct end *other,
                      uint8_t buffer[PACKET_BYTES], struct ipsec_view *out)
{
    const struct ipsec_view honest = sent(other);
    *out = (struct ipsec_view){buffer, 0};
    if (step == STEP_RAW) {
        const size_t wanted = take(in, 2) % PACKET_BYTES;
        out->length = wanted < in->size ? wanted : in->size;
        memcpy(buffer, in->data, out->length);
        in->data += out->length;
        in->size -= out->length;
        return out->length > 0;
    }
    memcpy(buffer, honest.data, honest.length);
    out->length = honest.length;
    if (step == STEP_CHANGED && honest.length > 0) {
        const size_t at = take(in, 2) % honest.length;
        buffer[at] ^= (uint8_t)take(in, 1);
    } else if (step == STEP_CUT && honest.length > 4) {
        out->length = 4 + take(in, 2) % (honest.length - 4);
        buffer[2] = (uint8_t)(out->length >> 8);
        buffer[3] = (uint8_t)out->length;
    }
    return out->length > 0;
}

static void play(struct input *in, struct end *tested, struct end *other, uint8_t flags,
                 size_t room)
{
    uint8_t buffer[PACKET_BYTES];
    struct ipsec_view packet = {NULL, 0};
    const struct ipsec_view nothing = {NULL, 0};
    struct end *server = tested->server ? tested : other;

    (void)run(server, flags, nothing, server == tested ? room : PACKET_BYTES);
    for (int i = 0; i < STEPS_MAX && in->size > 0; i++) {
        const size_t step = take(in, 1) % STEPS;
        if (step == STEP_FORGET) {
            ipsec_eap_mschapv2_forget(tested->method, SA);
        } else if (step == STEP_BEGIN) {
            (void)run(server, flags, nothing, server == tested ? room : PACKET_BYTES);
        } else {
            if (tested->server && step != STEP_RAW && tested->reply.length > 0) {
                (void)run(other, flags, sent(tested), PACKET_BYTES);
            }
            if (packet_of(in, step, other, buffer, &packet) &&
                run(tested, flags, packet, room) == IPSEC_OK && !tested->server &&
                tested->reply.length > 0) {
                (void)run(other, flags, sent(tested), PACKET_BYTES);
            }
        }
        if (tested->succeeded && other->succeeded && tested->reply.msk_length > 0 &&
            other->reply.msk_length > 0) {
            require(memcmp(tested->reply.msk, other->reply.msk, IPSEC_EAP_MSK_BYTES) == 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct end tested;
    static struct end other;
    struct input in = {data, size};
    const uint8_t flags = (uint8_t)take(&in, 1);
    const size_t small = take(&in, 1);
    const bool server = (flags & FLAG_SERVER) != 0;

    make(&tested, server, flags);
    make(&other, !server, flags);
    play(&in, &tested, &other, flags, (flags & FLAG_SMALL_ROOM) != 0 ? small : PACKET_BYTES);
    return 0;
}
