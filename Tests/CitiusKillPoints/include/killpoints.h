#pragma once

#include <stdbool.h>

/// Whether processes can be killed between two of their calls here.
extern const bool citius_has_kill_points;

/// Has the process killed (SIGKILL) instead of its so manieth call from now on that changes a file: write, fsync,
/// ftruncate, linkat, rename, unlink.
void citius_kill_before(long call);
