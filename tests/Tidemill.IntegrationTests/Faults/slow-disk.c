/*
 * Preloaded into a program, makes its disk slow: whatever waits for the disk there, fsync and fdatasync, waits longer
 * here, by as many milliseconds as the file that SLOW_DISK names holds; not at all while there is no such file.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *delay_file;

__attribute__((constructor)) static void find_delay_file(void)
{
    /* Copied: a program may overwrite its environment, as PostgreSQL does for its title. */
    const char *path = getenv("SLOW_DISK");
    delay_file = path == NULL ? NULL : strdup(path);
}

static void wait_for_disk(void)
{
    int before = errno;
    int file = delay_file == NULL ? -1 : open(delay_file, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        char text[16] = {0};
        ssize_t length = read(file, text, sizeof text - 1);
        close(file);
        long delay = length > 0 ? strtol(text, NULL, 10) : 0;
        struct timespec left = {delay / 1000, delay % 1000 * 1000000};
        while (nanosleep(&left, &left) != 0 && errno == EINTR)
            ;
    }
    errno = before;
}

int fsync(int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_for_disk();
    return real(file);
}

int fdatasync(int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_for_disk();
    return real(file);
}
