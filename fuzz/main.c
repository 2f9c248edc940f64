/* SPDX-License-Identifier: Apache-2.0
 *
 * Replays corpus files through a fuzz target without a fuzzing engine: each argument is a file or a
 * directory of files. Linked to every target unless the option fuzz_engine is set; the tests run it
 * over corpus/<target>. Fails when there was nothing to replay.
 */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_BYTES_MAX (1 << 20)
#define PATH_BYTES_MAX  4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long replayed;

/* The input is copied to a block of exactly its size, so that a sanitizer sees the first octet read
 * beyond it. */
static int replay_octets(const uint8_t *octets, size_t length)
{
    uint8_t *exact = malloc(length == 0 ? 1 : length);
    if (exact == NULL) {
        return 1;
    }
    memcpy(exact, octets, length);
    LLVMFuzzerTestOneInput(exact, length);
    free(exact);
    replayed++;
    return 0;
}

static int replay_file(const char *path)
{
    static uint8_t buffer[INPUT_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    size_t length = fread(buffer, 1, sizeof(buffer), file);
    int failed = ferror(file);
    fclose(file);
    return failed != 0 ? 1 : replay_octets(buffer, length);
}

static int replay_entry(const char *directory, const char *name)
{
    char path[PATH_BYTES_MAX];
    struct stat st;
    int length = snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof(path) || stat(path, &st) != 0) {
        return 1;
    }
    /* Directories below are not entered. */
    return S_ISREG(st.st_mode) ? replay_file(path) : 0;
}

static int replay_directory(const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        perror(path);
        return 1;
    }
    int failed = 0;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        failed |= replay_entry(path, entry->d_name);
    }
    closedir(directory);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) != 0) {
            perror(argv[i]);
            failed = 1;
        } else if (S_ISDIR(st.st_mode)) {
            failed |= replay_directory(argv[i]);
        } else {
            failed |= replay_file(argv[i]);
        }
    }
    printf("%lu inputs replayed\n", replayed);
    return failed != 0 || replayed == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
