// These functions stand before the C library's of the same names in the program that this is linked into, the tests:
// so a process can be stopped between any two of its calls, not only where time happens to stop it.

#define _GNU_SOURCE

#include "killpoints.h"

#ifdef __linux__
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

const bool citius_has_kill_points = true;

/// How many calls are left; none are counted below 1.
static atomic_long calls_left;

void citius_kill_before(long call) { atomic_store(&calls_left, call); }

static void count(void) {
    if (atomic_load(&calls_left) > 0 && atomic_fetch_sub(&calls_left, 1) == 1) kill(getpid(), SIGKILL);
}

/// Of files alone: what goes through pipes and events depends on threads.
ssize_t write(int descriptor, const void *bytes, size_t size) {
    struct stat status;
    if (atomic_load(&calls_left) > 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) count();
    return syscall(SYS_write, descriptor, bytes, size);
}

int fsync(int descriptor) {
    count();
    return (int)syscall(SYS_fsync, descriptor);
}

int ftruncate(int descriptor, off_t size) {
    count();
    return (int)syscall(SYS_ftruncate, descriptor, size);
}

int linkat(int old_folder, const char *old_path, int new_folder, const char *new_path, int flags) {
    count();
    return (int)syscall(SYS_linkat, old_folder, old_path, new_folder, new_path, flags);
}

int rename(const char *old_path, const char *new_path) {
    count();
    return (int)syscall(SYS_renameat2, AT_FDCWD, old_path, AT_FDCWD, new_path, 0);
}

int unlink(const char *path) {
    count();
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}
#else
const bool citius_has_kill_points = false;

void citius_kill_before(long call) { (void)call; }
#endif
