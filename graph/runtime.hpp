// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graph/arc.hpp"
#include "graph/counter.hpp"
#include "graph/frame.hpp"
#include "graph/hop.hpp"
#include "graph/limits.hpp"

namespace graph {

class Dispatch;

/// Position of a node in the order in which a worker runs what is pending: a topological order of
/// the graph, so that a node runs after all that may still send to it in this round.
using Rank = uint16_t;

/// A node as one worker runs it.
struct alignas(64) NodeRuntime {
    void (*process)(const void* self, Dispatch& dispatch, Frame& frame) noexcept = nullptr;
    const void* self = nullptr;
    /// Frames that wait for it, oldest first.
    Frame* head = nullptr;
    Frame* tail = nullptr;
    /// Its declared edges, as ranks.
    const Rank* edges = nullptr;
    NodeCounters* counters = nullptr;
    NodeId id = no_node;
    /// Its first drop reason among all.
    DropId first_drop = 0;
    /// Its position on each arc, or no_position.
    std::array<uint8_t, max_arcs> positions;
    /// Packets leave the router here: an output that is not the node "drop".
    bool transmits = false;
};

/// The set of nodes with pending frames, lowest rank first.
class ReadySet {
public:
    void insert(Rank rank) noexcept {
        words_[rank / 64] |= uint64_t(1) << (rank % 64);
        summary_ |= uint32_t(1) << (rank / 64);
    }
    void erase(Rank rank) noexcept {
        uint64_t& word = words_[rank / 64];
        word &= ~(uint64_t(1) << (rank % 64));
        if (word == 0) {
            summary_ &= ~(uint32_t(1) << (rank / 64));
        }
    }
    bool empty() const noexcept { return summary_ == 0; }
    /// The set must not be empty.
    Rank first() const noexcept {
        const unsigned word = unsigned(std::countr_zero(summary_));
        return Rank(word * 64 + unsigned(std::countr_zero(words_[word])));
    }

private:
    static_assert(max_nodes / 64 <= 32);
    std::array<uint64_t, max_nodes / 64> words_{};
    uint32_t summary_ = 0;
};

/// What all workers share of one version of the graph. Immutable once published, but for the arcs'
/// bits.
struct GraphVersion {
    uint64_t number = 0;
    struct Node {
        void (*process)(const void* self, Dispatch& dispatch, Frame& frame) noexcept = nullptr;
        const void* self = nullptr;
        NodeId id = no_node;
        DropId first_drop = 0;
        std::vector<Rank> edges;
        std::array<uint8_t, max_arcs> positions;
        bool transmits = false;
        /// For who must name it without asking control.
        std::string name;
        std::string owner;
    };
    /// By rank.
    std::vector<Node> nodes;
    /// By whatever a Hop can name; the rank of "removed-node" where there is no such node in this
    /// version.
    std::array<Rank, no_node + 1> rank_of{};
    Rank drop_rank = 0;
    /// None is empty: where there is no arc, one that leads to "removed-node".
    std::array<std::shared_ptr<ArcRuntime>, max_arcs> arcs;
    /// Keeps the node objects alive for as long as a worker may run them.
    std::vector<std::shared_ptr<const void>> owned;
};

/// One worker's copy: its pending frames, and pointers into its counters.
struct WorkerRuntime {
    WorkerRuntime(std::shared_ptr<const GraphVersion> graph_version, WorkerCounters& counters);

    std::shared_ptr<const GraphVersion> version;
    std::vector<NodeRuntime> nodes;
    ReadySet ready;
};

}  // namespace graph
