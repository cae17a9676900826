// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/rib.hpp"

#include <bit>

namespace vnet::ip4 {

using wire::Ip4Address;
using wire::Ip4Prefix;

const Rib::Entry* Rib::find(const Ip4Prefix& prefix) const {
    const Tree* here = tree(tree_of(prefix.address()));
    if (here == nullptr) {
        return nullptr;
    }
    const auto found = here->find(key_of(prefix));
    return found == here->end() ? nullptr : &found->second;
}

Rib::Entry* Rib::find(const Ip4Prefix& prefix) {
    return const_cast<Entry*>(std::as_const(*this).find(prefix));
}

Rib::Entry& Rib::at(const Ip4Prefix& prefix) {
    const uint32_t number = tree_of(prefix.address());
    auto& page = pages_[number >> 8];
    if (page == nullptr) {
        page = std::make_unique<Page>();
    }
    const auto [place, made] = page->trees[number & 0xff].try_emplace(key_of(prefix));
    if (made) {
        ++page->prefixes;
        if (prefix.length() < short_.size()) {
            ++short_[prefix.length()];
        }
    }
    return place->second;
}

void Rib::erase(const Ip4Prefix& prefix) {
    const uint32_t number = tree_of(prefix.address());
    auto& page = pages_[number >> 8];
    if (page == nullptr || page->trees[number & 0xff].erase(key_of(prefix)) == 0) {
        return;
    }
    if (prefix.length() < short_.size()) {
        --short_[prefix.length()];
    }
    if (--page->prefixes == 0) {
        page.reset();
    }
}

std::optional<Rib::Item> Rib::match(Ip4Address address) const {
    const Ip4Prefix host(address, Ip4Prefix::longest);
    return longest(host, key_of(host) + 1);
}

std::optional<Rib::Item> Rib::covering(const Ip4Prefix& prefix) const {
    return longest(prefix, key_of(prefix));
}

/// The longest prefix that contains `prefix`, of those whose keys in its own tree are below
/// `below`.
std::optional<Rib::Item> Rib::longest(const Ip4Prefix& prefix, Key below) const {
    const uint32_t number = tree_of(prefix.address());
    if (const Tree* here = tree(number); here != nullptr) {
        // The nearest before it either contains it, or says how many bits what contains it can have
        // at most: those that the two have in common.
        auto at = here->lower_bound(below);
        while (at != here->begin()) {
            --at;
            const Ip4Prefix before = prefix_of(number, at->first);
            if (before.contains(prefix)) {
                return Item{before, &at->second};
            }
            const uint32_t differ = before.address().value() ^ prefix.address().value();
            const auto common = uint8_t(std::countl_zero(differ));
            at = here->upper_bound(key_of(Ip4Prefix(prefix.address(), common).normalised()));
        }
    }
    for (int length = std::min<int>(prefix.length(), short_.size()) - 1; length >= 0; --length) {
        if (short_[size_t(length)] == 0) {
            continue;
        }
        const Ip4Prefix wider = Ip4Prefix(prefix.address(), uint8_t(length)).normalised();
        if (const Entry* entry = find(wider)) {
            return Item{wider, entry};
        }
    }
    return std::nullopt;
}

}  // namespace vnet::ip4
