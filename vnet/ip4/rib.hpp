// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/inlined_vector.h>

#include <array>
#include <memory>
#include <optional>

#include "vnet/fib/adjacency.hpp"
#include "vnet/ip4/route.hpp"

namespace vnet::ip4 {

/// Routes by prefix, in order of address and then length, so that what lies inside a prefix follows
/// it. The first 16 bits of the address choose one of 2^16 small trees: a million routes are found
/// through three or four cache lines instead of a deep tree. Entries move when another is added or
/// erased. Control thread.
class Rib {
public:
    /// A route with the path that it leads to.
    struct Held {
        Route route;
        fib::PathIndex path;
    };
    /// The routes for one prefix, the used one first.
    using Entry = absl::InlinedVector<Held, 1>;
    struct Item {
        wire::Ip4Prefix prefix;
        const Entry* entry;
    };

    /// The prefix's routes, or null. Prefixes are normalised.
    Entry* find(const wire::Ip4Prefix& prefix);
    const Entry* find(const wire::Ip4Prefix& prefix) const;
    /// The prefix's routes, made empty where there are none: put one in, or erase() it.
    Entry& at(const wire::Ip4Prefix& prefix);
    void erase(const wire::Ip4Prefix& prefix);
    /// The longest prefix that the address lies in.
    std::optional<Item> match(wire::Ip4Address address) const;
    /// The longest that contains `prefix`, but for itself.
    std::optional<Item> covering(const wire::Ip4Prefix& prefix) const;
    /// Calls `callback(prefix, entry)` for each in order, beginning at or behind `from`; ends where
    /// it answers false.
    template <class Callback>
    void visit_from(const wire::Ip4Prefix& from, Callback&& callback) const;
    /// The same, beginning behind `prefix`.
    template <class Callback>
    void visit_behind(const wire::Ip4Prefix& prefix, Callback&& callback) const;
    /// The same, for the longer prefixes inside `prefix`.
    template <class Callback>
    void visit_inside(const wire::Ip4Prefix& prefix, Callback&& callback) const;

private:
    /// The low 16 bits of the address, then the length: in a tree, in order.
    using Key = uint32_t;
    using Tree = absl::btree_map<Key, Entry>;
    /// Trees of 256 neighbouring /16, made when the first of them is needed.
    struct Page {
        std::array<Tree, 256> trees;
        uint32_t prefixes = 0;
    };
    static constexpr uint32_t trees = 1 << 16;

    static uint32_t tree_of(wire::Ip4Address address) noexcept { return address.value() >> 16; }
    static Key key_of(const wire::Ip4Prefix& prefix) noexcept {
        return (prefix.address().value() & 0xffff) << 6 | prefix.length();
    }
    static wire::Ip4Prefix prefix_of(uint32_t tree, Key key) noexcept {
        return {wire::Ip4Address(tree << 16 | key >> 6), uint8_t(key & 0x3f)};
    }
    const Tree* tree(uint32_t number) const noexcept {
        const auto& page = pages_[number >> 8];
        return page == nullptr ? nullptr : &page->trees[number & 0xff];
    }
    std::optional<Item> longest(const wire::Ip4Prefix& prefix, Key below) const;
    template <class Callback>
    void visit(uint32_t number, uint32_t last, Key from, Callback& callback) const;

    std::array<std::unique_ptr<Page>, trees / 256> pages_;
    /// Prefixes shorter than 16 bits by length, so that a search skips lengths that do not occur.
    std::array<uint32_t, 16> short_{};
};

template <class Callback>
void Rib::visit(uint32_t number, uint32_t last, Key from, Callback& callback) const {
    for (; number <= last; ++number, from = 0) {
        const Tree* here = tree(number);
        if (here == nullptr) {
            number |= 0xff;
            continue;
        }
        for (auto at = here->lower_bound(from); at != here->end(); ++at) {
            if (!callback(prefix_of(number, at->first), at->second)) {
                return;
            }
        }
    }
}

template <class Callback>
void Rib::visit_from(const wire::Ip4Prefix& from, Callback&& callback) const {
    visit(tree_of(from.address()), trees - 1, key_of(from), callback);
}

template <class Callback>
void Rib::visit_behind(const wire::Ip4Prefix& prefix, Callback&& callback) const {
    visit(tree_of(prefix.address()), trees - 1, key_of(prefix) + 1, callback);
}

template <class Callback>
void Rib::visit_inside(const wire::Ip4Prefix& prefix, Callback&& callback) const {
    const auto inside = [&](const wire::Ip4Prefix& inner, const Entry& entry) {
        return prefix.contains(inner) && callback(inner, entry);
    };
    visit(tree_of(prefix.address()), tree_of(prefix.last()), key_of(prefix) + 1, inside);
}

}  // namespace vnet::ip4
