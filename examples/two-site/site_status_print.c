/* SPDX-License-Identifier: Apache-2.0 */
#include "site_status.h"

#include <inttypes.h>

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "-";
}

static long long number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void print_span(const json_t *object, const char *key, const char *word, FILE *out)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_integer(value)) {
        fprintf(out, "%s %" JSON_INTEGER_FORMAT " s", word, json_integer_value(value));
    } else {
        fprintf(out, "%s never", word);
    }
}

static void print_times(const json_t *sa, FILE *out)
{
    fprintf(out, "    age %lld s, ", number_of(sa, "age_s"));
    print_span(sa, "rekey_in_s", "rekey in", out);
    print_span(sa, "ends_in_s", ", ends in", out);
    fprintf(out, ", rekeyed %lld times\n", number_of(sa, "rekeys"));
}

static void print_ike(const json_t *sa, FILE *out)
{
    fprintf(out, "  IKE SA %s as %s\n", text_of(sa, "phase"), text_of(sa, "role"));
    fprintf(out, "    %s [%s] ... %s [%s]\n", text_of(sa, "local"), text_of(sa, "local_id"),
            text_of(sa, "remote"), text_of(sa, "remote_id"));
    fprintf(out, "    suite %s, SPIs %s %s\n", text_of(sa, "suite"), text_of(sa, "spi_i"),
            text_of(sa, "spi_r"));
    print_times(sa, out);
}

static void print_drops(const json_t *counters, const char *key, const char *margin, FILE *out)
{
    const char *reason = NULL;
    json_t *count = NULL;
    json_t *drops = json_object_get(counters, key);
    json_object_foreach(drops, reason, count)
    {
        fprintf(out, "%s%s: %s: %" JSON_INTEGER_FORMAT "\n", margin, key, reason,
                json_integer_value(count));
    }
}

static void print_child(const json_t *child, FILE *out)
{
    const bool udp = json_is_true(json_object_get(child, "udp_encapsulation"));
    fprintf(out, "  child %s %s\n", text_of(child, "name"), text_of(child, "phase"));
    fprintf(out, "    %s === %s\n", text_of(child, "local_ts"), text_of(child, "remote_ts"));
    fprintf(out, "    suite %s, SPIs in %s out %s, ESP in %s\n", text_of(child, "suite"),
            text_of(child, "spi_in"), text_of(child, "spi_out"), udp ? "UDP" : "IP");
    fprintf(out, "    in %lld packets, %lld octets; out %lld packets, %lld octets\n",
            number_of(child, "packets_in"), number_of(child, "bytes_in"),
            number_of(child, "packets_out"), number_of(child, "bytes_out"));
    print_drops(child, "drops_in", "    ", out);
    print_drops(child, "drops_out", "    ", out);
    print_times(child, out);
}

static void print_site(const json_t *site, FILE *out)
{
    size_t i = 0;
    const json_t *entry = NULL;
    fprintf(out, "site %s (%s)%s\n", text_of(site, "name"), text_of(site, "role"),
            json_is_true(json_object_get(site, "held")) ? ", held down" : "");
    const json_t *ikes = json_object_get(site, "ike");
    const json_t *children = json_object_get(site, "children");
    json_array_foreach(ikes, i, entry)
    {
        print_ike(entry, out);
    }
    json_array_foreach(children, i, entry)
    {
        print_child(entry, out);
    }
    if (json_array_size(ikes) == 0) {
        fprintf(out, "  no IKE SA\n");
    }
    if (json_is_integer(json_object_get(site, "next_attempt_in_s"))) {
        fprintf(out, "  next attempt in %lld s, after %lld\n", number_of(site, "next_attempt_in_s"),
                number_of(site, "attempts"));
    }
    if (number_of(site, "failures") != 0) {
        fprintf(out, "  %lld failures in a row, last: %s (`log` has the report)\n",
                number_of(site, "failures"), text_of(site, "last_cause"));
    }
}

void status_print(const json_t *status, FILE *out)
{
    size_t i = 0;
    const json_t *site = NULL;
    const json_t *sites = json_object_get(status, "sites");
    const json_t *counters = json_object_get(status, "counters");
    json_array_foreach(sites, i, site)
    {
        print_site(site, out);
    }
    fprintf(out, "packets: LAN in %lld, WAN out %lld; WAN in %lld, LAN out %lld\n",
            number_of(counters, "lan_in"), number_of(counters, "wan_out"),
            number_of(counters, "wan_in"), number_of(counters, "lan_out"));
    print_drops(counters, "drops_from_wan", "  ", out);
    print_drops(counters, "drops_from_lan", "  ", out);
    print_drops(counters, "drops_ike", "  ", out);
}
