/* SPDX-License-Identifier: Apache-2.0
 * Picks a table of functions: the best that this machine can run, or the one named. No state; the environment is not
 * read. */
#include "internal.h"

static int is_name(const char *name, const char *wanted) {
  while (*name != 0 && *name == *wanted) {
    name++;
    wanted++;
  }
  return *name == *wanted;
}

/* Best first; the last is null. */
static const funes_isa *const tables[] = {
#if defined(__x86_64__)
    &funes_isa_avx512vnni,
    &funes_isa_avx2,
#endif
    &funes_isa_scalar,
    0,
};

static int can_run(const funes_isa *isa) {
#if defined(__x86_64__)
  if (isa == &funes_isa_avx512vnni) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
  }
  if (isa == &funes_isa_avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c");
#endif
  return isa == &funes_isa_scalar;
}

const funes_isa *funes_isa_find(const char *name) {
  for (int32_t k = 0; tables[k]; k++) {
    if ((!name || is_name(tables[k]->name, name)) && can_run(tables[k])) return tables[k];
  }
  return 0;
}

const char *funes_isa_name(const funes_isa *isa) { return isa->name; }

/* Of every build; `tables` has those of this one. */
static const char *const names[] = {"scalar", "avx2", "avxvnni", "avx512vnni", "neon", "dotprod", "i8mm", 0};

const char *funes_isa_known(int32_t index) {
  const int32_t count = (int32_t)(sizeof names / sizeof names[0]) - 1;
  return index >= 0 && index < count ? names[index] : 0;
}

void funes_evaluate(const funes_isa *isa, int32_t activation, float *y, const float *x, int32_t count) {
  isa->activate(activation, y, x, count);
}
