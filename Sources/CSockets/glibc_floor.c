// SPDX-License-Identifier: Apache-2.0
// Lets what is built on one Linux run on systems with glibc 2.34: RHEL 9, Amazon Linux 2023, Ubuntu 22.04.
//
// Swift's overlay of glibc, which is linked in, names `hypotf`, and the newest version of that is of glibc 2.35. Nothing here
// calls it. The definition below takes the name's place, and passes on to the version that every glibc has. It is not to be
// seen outside of the file that it is linked into. `make inspect` finds other names that are too new.

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#include <features.h>
#endif

#ifdef __GLIBC__
#ifdef __x86_64__
__asm__(".symver hypotf_of_every_glibc, hypotf@GLIBC_2.2.5");
#else
__asm__(".symver hypotf_of_every_glibc, hypotf@GLIBC_2.17");
#endif

extern float hypotf_of_every_glibc(float x, float y);

__attribute__((visibility("hidden"))) float hypotf(float x, float y) {
    return hypotf_of_every_glibc(x, y);
}
#endif
