// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "vnet/fib/rib_keys.hpp"

namespace vnet::fib {

/// Routes by prefix, in order of address and then length, so that what lies inside a prefix follows
/// it. The first bits of the address (16 of IPv4, 20 of IPv6) choose one of as many small trees: a
/// million routes are found through three or four cache lines instead of a deep tree. Entries move
/// when another is added or erased. `Held` is a route with what it leads to. Control thread.
template <class Prefix, class HeldRoute>
class Rib {
public:
    using Held = HeldRoute;
    /// The routes for one prefix, the used one first.
    using Entry = absl::InlinedVector<Held, 1>;
    using Address = decltype(Prefix().address());
    struct Item {
        Prefix prefix;
        const Entry* entry;
    };

    /// The prefix's routes, or null. Prefixes are normalised.
    Entry* find(const Prefix& prefix);
    const Entry* find(const Prefix& prefix) const;
    /// The prefix's routes, made empty where there are none: put one in, or erase() it.
    Entry& at(const Prefix& prefix);
    void erase(const Prefix& prefix);
    /// The longest prefix that the address lies in.
    std::optional<Item> match(Address address) const;
    /// The longest that contains `prefix`, but for itself.
    std::optional<Item> covering(const Prefix& prefix) const;
    /// Calls `callback(prefix, entry)` for each in order, beginning at or behind `from`; ends where
    /// it answers false.
    template <class Callback>
    void visit_from(const Prefix& from, Callback&& callback) const;
    /// The same, beginning behind `prefix`.
    template <class Callback>
    void visit_behind(const Prefix& prefix, Callback&& callback) const;
    /// The same, for the longer prefixes inside `prefix`.
    template <class Callback>
    void visit_inside(const Prefix& prefix, Callback&& callback) const;

private:
    using Keys = RibKeys<Prefix>;
    using Key = typename Keys::Key;
    using Tree = absl::btree_map<Key, Entry>;
    /// Trees of 256 neighbours, made when the first of them is needed.
    struct Page {
        std::array<Tree, 256> trees;
        uint32_t prefixes = 0;
    };
    static constexpr uint32_t trees = 1U << Keys::tree_bits;

    const Tree* tree(uint32_t number) const noexcept {
        const auto& page = pages_[number >> 8];
        return page == nullptr ? nullptr : &page->trees[number & 0xff];
    }
    std::optional<Item> longest(const Prefix& prefix, const Key& below) const;
    template <class Callback>
    void visit(uint32_t number, uint32_t last, Key from, Callback& callback) const;

    std::array<std::unique_ptr<Page>, trees / 256> pages_;
    /// Prefixes shorter than what chooses a tree by length, so that a search skips lengths that do
    /// not occur.
    std::array<uint32_t, Keys::tree_bits> short_{};
};

template <class Prefix, class HeldRoute>
const typename Rib<Prefix, HeldRoute>::Entry* Rib<Prefix, HeldRoute>::find(
    const Prefix& prefix) const {
    const Tree* here = tree(Keys::tree_of(prefix.address()));
    if (here == nullptr) {
        return nullptr;
    }
    const auto found = here->find(Keys::key_of(prefix));
    return found == here->end() ? nullptr : &found->second;
}

template <class Prefix, class HeldRoute>
typename Rib<Prefix, HeldRoute>::Entry* Rib<Prefix, HeldRoute>::find(const Prefix& prefix) {
    return const_cast<Entry*>(std::as_const(*this).find(prefix));
}

template <class Prefix, class HeldRoute>
typename Rib<Prefix, HeldRoute>::Entry& Rib<Prefix, HeldRoute>::at(const Prefix& prefix) {
    const uint32_t number = Keys::tree_of(prefix.address());
    auto& page = pages_[number >> 8];
    if (page == nullptr) {
        page = std::make_unique<Page>();
    }
    const auto [place, made] = page->trees[number & 0xff].try_emplace(Keys::key_of(prefix));
    if (made) {
        ++page->prefixes;
        if (prefix.length() < short_.size()) {
            ++short_[prefix.length()];
        }
    }
    return place->second;
}

template <class Prefix, class HeldRoute>
void Rib<Prefix, HeldRoute>::erase(const Prefix& prefix) {
    const uint32_t number = Keys::tree_of(prefix.address());
    auto& page = pages_[number >> 8];
    if (page == nullptr || page->trees[number & 0xff].erase(Keys::key_of(prefix)) == 0) {
        return;
    }
    if (prefix.length() < short_.size()) {
        --short_[prefix.length()];
    }
    if (--page->prefixes == 0) {
        page.reset();
    }
}

template <class Prefix, class HeldRoute>
std::optional<typename Rib<Prefix, HeldRoute>::Item> Rib<Prefix, HeldRoute>::match(
    Address address) const {
    const Prefix host(address, Prefix::longest);
    return longest(host, Keys::key_behind(host));
}

template <class Prefix, class HeldRoute>
std::optional<typename Rib<Prefix, HeldRoute>::Item> Rib<Prefix, HeldRoute>::covering(
    const Prefix& prefix) const {
    return longest(prefix, Keys::key_of(prefix));
}

/// The longest prefix that contains `prefix`, of those whose keys in its own tree are below
/// `below`.
template <class Prefix, class HeldRoute>
std::optional<typename Rib<Prefix, HeldRoute>::Item> Rib<Prefix, HeldRoute>::longest(
    const Prefix& prefix, const Key& below) const {
    const uint32_t number = Keys::tree_of(prefix.address());
    if (const Tree* here = tree(number); here != nullptr) {
        // The nearest before it either contains it, or says how many bits what contains it can have
        // at most: those that the two have in common.
        auto at = here->lower_bound(below);
        while (at != here->begin()) {
            --at;
            const Prefix before = Keys::prefix_of(number, at->first);
            if (before.contains(prefix)) {
                return Item{before, &at->second};
            }
            const uint8_t common = Keys::common_bits(before.address(), prefix.address());
            at = here->upper_bound(Keys::key_of(Prefix(prefix.address(), common).normalised()));
        }
    }
    for (int length = std::min<int>(prefix.length(), short_.size()) - 1; length >= 0; --length) {
        if (short_[size_t(length)] == 0) {
            continue;
        }
        const Prefix wider = Prefix(prefix.address(), uint8_t(length)).normalised();
        if (const Entry* entry = find(wider)) {
            return Item{wider, entry};
        }
    }
    return std::nullopt;
}

template <class Prefix, class HeldRoute>
template <class Callback>
void Rib<Prefix, HeldRoute>::visit(uint32_t number, uint32_t last, Key from,
                                   Callback& callback) const {
    for (; number <= last; ++number, from = Key()) {
        const Tree* here = tree(number);
        if (here == nullptr) {
            number |= 0xff;
            continue;
        }
        for (auto at = here->lower_bound(from); at != here->end(); ++at) {
            if (!callback(Keys::prefix_of(number, at->first), at->second)) {
                return;
            }
        }
    }
}

template <class Prefix, class HeldRoute>
template <class Callback>
void Rib<Prefix, HeldRoute>::visit_from(const Prefix& from, Callback&& callback) const {
    visit(Keys::tree_of(from.address()), trees - 1, Keys::key_of(from), callback);
}

template <class Prefix, class HeldRoute>
template <class Callback>
void Rib<Prefix, HeldRoute>::visit_behind(const Prefix& prefix, Callback&& callback) const {
    visit(Keys::tree_of(prefix.address()), trees - 1, Keys::key_behind(prefix), callback);
}

template <class Prefix, class HeldRoute>
template <class Callback>
void Rib<Prefix, HeldRoute>::visit_inside(const Prefix& prefix, Callback&& callback) const {
    const auto inside = [&](const Prefix& inner, const Entry& entry) {
        return prefix.contains(inner) && callback(inner, entry);
    };
    visit(Keys::tree_of(prefix.address()), Keys::tree_of(prefix.last()), Keys::key_behind(prefix),
          inside);
}

}  // namespace vnet::fib
