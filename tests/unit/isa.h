/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <criterion/criterion.h>

/* Skips a test that was compiled for an instruction set this CPU has not all of. By itself, before
 * any code that may be of it. */
static __attribute__((noinline)) void isa_check(void)
{
#if defined(__AVX512BW__)
	if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl"))
		cr_skip("no AVX-512");
#elif defined(__AVX2__)
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2"))
		cr_skip("no AVX2");
#endif
}
