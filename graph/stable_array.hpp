// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>

#include "graph/memory.hpp"

namespace graph {

/// Of which size the pages of memory are.
enum class Pages : uint8_t { small, large };

/// A flat array of fixed capacity whose elements never move and whose memory is taken page by page
/// as it is touched: address space is reserved at once, so that workers index it without an
/// indirection while control uses more of it. Elements begin as zero bytes, and T must mean
/// something sensible by that. Who may write an element is the owner's affair; the array itself
/// needs no lock.
///
/// With Pages::large memory is taken in pages of 2 MB, where the kernel has such (transparent huge
/// pages) and the array is as large: fewer misses of the TLB where reads are scattered.
template <class T>
class StableArray {
    static_assert(std::is_trivially_destructible_v<T>);

public:
    explicit StableArray(size_t capacity, Pages pages = Pages::small)
        : capacity_(capacity), reserved_(bytes() + (pages == Pages::large ? large_page : 0)) {
        void* memory = mmap(nullptr, reserved_, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) {
            throw std::bad_alloc();
        }
        base_ = memory;
        if (pages == Pages::large) {
            size_t room = reserved_;
            memory = std::align(large_page, bytes(), memory, room);
            // Where the kernel has none this is refused, and ordinary pages do.
            madvise(memory, bytes(), MADV_HUGEPAGE);
        }
        data_ = static_cast<T*>(memory);
    }
    StableArray(const StableArray&) = delete;
    StableArray& operator=(const StableArray&) = delete;
    ~StableArray() { munmap(base_, reserved_); }

    size_t capacity() const noexcept { return capacity_; }
    T& operator[](size_t index) noexcept { return data_[index]; }
    const T& operator[](size_t index) const noexcept { return data_[index]; }
    T* data() noexcept { return data_; }
    const T* data() const noexcept { return data_; }
    /// What it takes of the machine's memory. Any thread.
    MemoryUse memory() const noexcept { return memory_use(data_, bytes()); }

    /// Elements in a page of memory.
    static constexpr size_t page = 4096 / sizeof(T);
    /// Gives the memory of whole pages back to the kernel; their elements are zero bytes again,
    /// also for who reads them at this moment.
    void give_back(size_t first_page, size_t pages) noexcept {
        static_assert(4096 % sizeof(T) == 0);
        madvise(data_ + first_page * page, pages * page * sizeof(T), MADV_DONTNEED);
    }

private:
    size_t bytes() const noexcept { return capacity_ * sizeof(T); }
    static constexpr size_t large_page = size_t(2) << 20;
    const size_t capacity_;
    /// What was reserved, and where: more than the elements where they had to be aligned.
    const size_t reserved_;
    void* base_;
    T* data_;
};

}  // namespace graph
