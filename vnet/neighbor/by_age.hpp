// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "vnet/interface/table.hpp"

namespace vnet::neighbor {

/// Entries that share a bound, in the order in which they came: where there are too many, the
/// oldest of the interface that has the most gives way, so that what comes by one link crowds out
/// nothing of another. `Key` names its interface. Control thread.
template <class Key>
class ByAge {
public:
    /// The new entry's place: give it to remove().
    uint64_t add(const Key& key) {
        of_[key.interface].emplace(++last_, key);
        ++size_;
        return last_;
    }
    /// Takes an entry out and clears its place; nothing where it has none, which is 0.
    void remove(const Key& key, uint64_t& place) {
        if (place == 0) {
            return;
        }
        const auto found = of_.find(key.interface);
        found->second.erase(place);
        if (found->second.empty()) {
            of_.erase(found);
        }
        place = 0;
        --size_;
    }
    size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    /// Who gives way. Not empty.
    Key first_to_go() const {
        const auto* most = &of_.begin()->second;
        for (const auto& [interface, entries] : of_) {
            if (entries.size() > most->size()) {
                most = &entries;
            }
        }
        return most->begin()->second;
    }

private:
    std::map<interface::Index, std::map<uint64_t, Key>> of_;
    size_t size_ = 0;
    uint64_t last_ = 0;
};

}  // namespace vnet::neighbor
