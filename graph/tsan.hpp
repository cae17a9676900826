// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_mbuf.h>

#if defined(__SANITIZE_THREAD__)
#define SLUICE_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SLUICE_THREAD_SANITIZER 1
#endif
#endif

#ifdef SLUICE_THREAD_SANITIZER
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

/// ThreadSanitizer does not see into DPDK's mempool, through which a buffer passes from the thread
/// that freed it to the one that allocates it. Here that hand-over is stated, for each buffer by
/// itself. Nothing in other builds.
namespace graph::detail {

#ifdef SLUICE_THREAD_SANITIZER
inline void buffer_taken(rte_mbuf* mbuf) noexcept {
    __tsan_acquire(mbuf);
}
inline void buffer_given(rte_mbuf* mbuf) noexcept {
    for (; mbuf != nullptr; mbuf = mbuf->next) {
        __tsan_release(mbuf);
    }
}
#else
inline void buffer_taken(rte_mbuf*) noexcept {}
inline void buffer_given(rte_mbuf*) noexcept {}
#endif

}  // namespace graph::detail
