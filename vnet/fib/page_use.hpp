// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/stable_array.hpp"

namespace vnet::fib {

/// How many elements of each page of an array are in use, so that pages without any can be given
/// back. An element that is not in use must mean the same when it is zero. Control thread.
template <class T>
class PageUse {
public:
    explicit PageUse(graph::StableArray<T>& array)
        : array_(&array),
          used_((array.capacity() + pages_of - 1) / pages_of),
          touched_(used_.size()) {}

    /// An element that was not in use is now.
    void take(size_t index) {
        pages_ += used_[index / pages_of]++ == 0;
        touched_[index / pages_of] = true;
    }
    /// An element is no longer in use.
    void leave(size_t index) { pages_ -= --used_[index / pages_of] == 0; }
    /// Pages with something in use.
    size_t pages() const noexcept { return pages_; }
    /// The elements in use were copied to an array of the same capacity, which is spoken of from
    /// here on.
    void move_to(graph::StableArray<T>& array) {
        array_ = &array;
        for (size_t page = 0; page < used_.size(); ++page) {
            touched_[page] = used_[page] != 0;
        }
    }
    /// Calls `see(first element, count)` for each page with something in use.
    template <class See>
    void for_each_page(See see) const {
        for (size_t page = 0; page < used_.size(); ++page) {
            if (used_[page] != 0) {
                see(page * pages_of, pages_of);
            }
        }
    }

    /// Gives back the pages that were written and have nothing in use; how many those were.
    size_t give_back() {
        size_t given = 0;
        for (size_t first = 0; first < used_.size(); ++first) {
            size_t end = first;
            while (end < used_.size() && touched_[end] && used_[end] == 0) {
                touched_[end++] = false;
            }
            if (end != first) {
                array_->give_back(first, end - first);
                given += end - first;
                first = end;
            }
        }
        return given;
    }

private:
    static constexpr size_t pages_of = graph::StableArray<T>::page;
    graph::StableArray<T>* array_;
    size_t pages_ = 0;
    std::vector<uint16_t> used_;
    std::vector<bool> touched_;
};

}  // namespace vnet::fib
