// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "vnet/flow/flows.hpp"

namespace vnet::flow {

/// Looks through the tables of all workers, or of one, for sessions that somebody wants: a part at
/// a time that takes control some 100 us, so that others have their turn in between. Workers do not
/// know of it. A session that begins meanwhile may be found or not. Control thread.
class Search {
public:
    using Wanted = std::function<bool(const Flows::Found&)>;
    /// `flows` outlives it.
    Search(const Flows& flows, Wanted wanted, std::optional<unsigned> worker = {});

    /// All places were looked at.
    bool at_end() const noexcept;
    /// Those that it finds in the next places, which may be none.
    std::vector<Flows::Found> look();
    /// Their number.
    size_t count();

private:
    template <class Take>
    void look(const Take& take);

    const Flows* flows_;
    Wanted wanted_;
    std::optional<unsigned> worker_;
    Flows::Place place_;
};

/// Has the workers end the sessions that a search finds, so few at a time that no worker is kept
/// from its packets for longer than some 50 us, and none waits for many orders. Control thread.
class Removal {
public:
    /// `flows` and `engine` outlive it.
    Removal(Flows& flows, graph::Engine& engine, Search search);

    /// What became of a step.
    enum class Step : uint8_t {
        /// There is more to do, when others have had their turn.
        more,
        /// A worker took no order, as it does not run or has no buffer: later.
        waiting,
        /// All that were found are ended.
        done,
    };
    Step step();
    /// Sessions that the workers were told to end.
    uint64_t ended() const noexcept { return ended_; }

private:
    Flows* flows_;
    graph::Engine* engine_;
    Search search_;
    std::vector<Flows::Found> found_;
    size_t at_ = 0;
    uint64_t ended_ = 0;
};

}  // namespace vnet::flow
