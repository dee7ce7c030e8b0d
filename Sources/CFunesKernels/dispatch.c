/* SPDX-License-Identifier: Apache-2.0
 * Picks a table of functions: the best that this machine can run, or the one named. No state; the environment is not
 * read. */
#include "internal.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

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
    &funes_isa_avxvnni,
    &funes_isa_avx2,
#elif defined(__aarch64__)
    &funes_isa_i8mm,
    &funes_isa_dotprod,
    &funes_isa_neon,
#endif
    &funes_isa_scalar,
    0,
};

#if defined(__x86_64__)
/* Asked by hand: the tables behind __builtin_cpu_supports are shorter in old compilers' libraries. */
static int has_avx_vnni(void) {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax >> 4 & 1) != 0;
}
#elif defined(__aarch64__)
/* What the machine has beyond NEON. Where no system says so, what the build was told. */
#if defined(__linux__)
static int has_dot_products(void) { return (getauxval(AT_HWCAP) >> 20 & 1) != 0; }
static int has_matrix_products(void) { return (getauxval(AT_HWCAP2) >> 13 & 1) != 0; }
#elif defined(__APPLE__)
static int has_feature(const char *name) {
  int value = 0;
  size_t bytes = sizeof value;
  return sysctlbyname(name, &value, &bytes, 0, 0) == 0 && value != 0;
}
static int has_dot_products(void) { return has_feature("hw.optional.arm.FEAT_DotProd"); }
static int has_matrix_products(void) { return has_feature("hw.optional.arm.FEAT_I8MM"); }
#else
#if defined(__ARM_FEATURE_DOTPROD)
static int has_dot_products(void) { return 1; }
#else
static int has_dot_products(void) { return 0; }
#endif
#if defined(__ARM_FEATURE_MATMUL_INT8)
static int has_matrix_products(void) { return 1; }
#else
static int has_matrix_products(void) { return 0; }
#endif
#endif
#endif

static int can_run(const funes_isa *isa) {
#if defined(__x86_64__)
  if (isa == &funes_isa_avx512vnni) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
  }
  const int has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c");
  if (isa == &funes_isa_avxvnni) return has_avx2 && has_avx_vnni();
  if (isa == &funes_isa_avx2) return has_avx2;
#elif defined(__aarch64__)
  if (isa == &funes_isa_i8mm) return has_dot_products() && has_matrix_products();
  if (isa == &funes_isa_dotprod) return has_dot_products();
  if (isa == &funes_isa_neon) return 1;
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
