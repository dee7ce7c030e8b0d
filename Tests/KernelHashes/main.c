/* SPDX-License-Identifier: Apache-2.0
 * Prints a hash of what the kernels give for seeded networks of every kind, so that two builds, machines or instruction
 * sets are compared by comparing what they print.   kernel_hashes ISA [THREADS [STEPS]] */
#include "seeded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **arguments) {
  if (count < 2 || count > 4 || arguments[1][0] == '-') {
    fprintf(stderr,
            "usage: kernel_hashes ISA [THREADS [STEPS]]\n"
            "  ISA      an instruction set; `list` prints those of this machine\n"
            "  THREADS  team of the large layers, 1 unless given\n"
            "  STEPS    steps of each small cell, 1000 unless given\n"
            "Prints one line a case: its name and the hash of all that it gave. Status 64: a wrong argument; 69: this\n"
            "machine has no such instruction set.\n");
    return 64;
  }
  if (strcmp(arguments[1], "list") == 0) {
    for (int32_t k = 0; funes_isa_known(k); k++) {
      if (funes_isa_find(funes_isa_known(k))) puts(funes_isa_known(k));
    }
    return 0;
  }
  const int32_t threads = count > 2 ? atoi(arguments[2]) : 1;
  const run how = {
      .isa = funes_isa_find(arguments[1]), .threads = threads, .steps = count > 3 ? atoi(arguments[3]) : 1000};
  if (!how.isa) {
    fprintf(stderr, "kernel_hashes: this machine or build has no '%s'\n", arguments[1]);
    return 69;
  }
  if (threads < 1 || threads > 64 || how.steps < 1) {
    fprintf(stderr, "kernel_hashes: found %d threads and %d steps, expected 1 to 64 and 1 or more\n", threads, how.steps);
    return 64;
  }
  const int32_t granted = funes_team_warm_up(threads);
  if (granted != threads) fprintf(stderr, "kernel_hashes: a team of %d was granted, not of %d\n", granted, threads);
  const uint32_t saved = funes_float_environment_enter();
  run_cells(&how);
  run_vectors(&how);
  run_attention(&how);
  funes_float_environment_leave(saved);
  return 0;
}
