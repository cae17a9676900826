// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <optional>

#include "graph/rcu.hpp"
#include "graph/stable_array.hpp"
#include "vnet/interface/hot.hpp"
#include "vnet/wire/ethernet.hpp"

namespace vlan {

using vnet::interface::Index;
using vnet::wire::EtherType;

/// A VLAN of a kind of tag: the number in its frames, and the EtherType in front of it.
struct Tag {
    EtherType type = EtherType::vlan;
    uint16_t id = 0;

    friend bool operator==(const Tag&, const Tag&) = default;
};

/// OUT_OF_RANGE for 0, which is no VLAN, and for what is reserved or too large (IEEE 802.1Q 9.6).
absl::StatusOr<Tag> make_tag(EtherType type, uint32_t id);

/// Which interface takes in which tagged frames of another one, its parent: one for each VLAN of
/// the two kinds of tags, and one for what no other takes. Owned by the plugin. Changed by the
/// control thread at any time, read by workers.
class Tags {
public:
    explicit Tags(graph::Rcu& rcu) : rcu_(rcu), parents_(graph::max_interfaces) {}

    /// Control. Without a tag: what no other interface takes. False where that is taken.
    bool add(Index parent, std::optional<Tag> tag, Index interface);
    /// Control. When it returns, no worker knows the interface by its tag.
    void remove(Index parent, std::optional<Tag> tag);
    /// Control: who has it, or 0.
    Index find(Index parent, std::optional<Tag> tag) const noexcept;

    /// What is known of one parent; workers hold on to it until their next quiescent state.
    class Parent {
    public:
        /// The interface that takes in the tag, or 0.
        Index exact(Tag tag) const noexcept {
            return ids_[tag.type == EtherType::qinq][tag.id & 0xfff].load(
                std::memory_order_relaxed);
        }
        /// The interface that takes in what no other does, or 0.
        Index rest() const noexcept { return rest_.load(std::memory_order_relaxed); }

    private:
        friend class Tags;
        std::atomic<Index>& place(std::optional<Tag> tag) noexcept {
            return tag ? ids_[tag->type == EtherType::qinq][tag->id & 0xfff] : rest_;
        }
        std::array<std::array<std::atomic<Index>, 4096>, 2> ids_{};
        std::atomic<Index> rest_ = 0;
        unsigned used_ = 0;
    };
    /// Workers: null where the interface has no VLANs.
    const Parent* parent(Index index) const noexcept {
        return index < graph::max_interfaces ? parents_[index].load(std::memory_order_acquire)
                                             : nullptr;
    }

private:
    graph::Rcu& rcu_;
    graph::StableArray<std::atomic<const Parent*>> parents_;
    std::map<Index, std::unique_ptr<Parent>> owned_;
};

}  // namespace vlan
