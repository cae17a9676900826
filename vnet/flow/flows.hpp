// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "graph/engine.hpp"
#include "vnet/flow/commands.hpp"
#include "vnet/flow/lookup.hpp"
#include "vnet/flow/tables.hpp"
#include "vnet/fragment/fragments.hpp"
#include "vnet/interface/uses.hpp"

namespace vnet::flow {

/// All that has to do with sessions, put together: brings the nodes "ip4-flow" and "flow-commands".
/// Owned by the router. Control thread.
class Flows {
public:
    struct Parts {
        graph::Engine& engine;
        interface::Table& interfaces;
        const fragment::Fragments& fragments;
    };
    /// Registers the nodes and the feature. Whoever builds the graph commits it.
    static absl::StatusOr<std::unique_ptr<Flows>> create(const Parts& parts);
    ~Flows();
    Flows(const Flows&) = delete;
    Flows& operator=(const Flows&) = delete;

    /// Sessions that each worker may have, where nobody says otherwise.
    static constexpr uint32_t default_sessions = 1U << 20;

    // ---- for features that keep sessions ----

    Tables& tables() noexcept { return *tables_; }
    const Tables& tables() const noexcept { return *tables_; }
    /// Has every IPv4 packet that comes in by an interface be looked up, for as long as the handle
    /// lives: the lookup is on while anybody holds one. Who uses what it finds stands on the arc
    /// "ip4-unicast" behind "ip4-flow", or on "ip4-output". When the interface goes, the handle
    /// means nothing any more. NOT_FOUND where there is no such interface.
    absl::StatusOr<std::shared_ptr<void>> use(interface::Index interface) {
        return uses_.use(interface);
    }
    /// A number for the sessions of `owner`, which is told when they end. RESOURCE_EXHAUSTED where
    /// all are taken.
    absl::StatusOr<OwnerId> add_owner(Owner& owner);
    /// Ends all sessions of an owner, which is told of them. No node may make more. On return it is
    /// not called any more.
    void remove_owner(OwnerId id);

    // ---- for who looks at sessions ----

    /// A session, and where it is.
    struct Found {
        unsigned worker = 0;
        SessionIndex index = 0;
        Session session;
    };
    /// Calls back with each session that there is at the moment it is looked at. Workers go on.
    void for_each(const std::function<void(const Found&)>& take) const;
    /// Looks at up to `most` places from one on: `at` is where to go on, and behind the last worker
    /// when all was seen.
    struct Place {
        unsigned worker = 0;
        SessionIndex index = 1;
    };
    bool at_end(const Place& at) const noexcept { return at.worker >= tables_->workers(); }
    void look(Place& at, size_t most, const std::function<void(const Found&)>& take) const;
    /// Has the workers end sessions, those that are still the same then. Bounded: what they cannot
    /// be told of at once waits here, and they are told as they get on.
    void end(std::span<const Found> sessions);
    /// Sessions that wait to be ended.
    size_t ending() const noexcept { return ending_.size(); }
    /// How long ago a session was seen, and how long it has still got, in seconds.
    double idle_seconds(const Session& session) const noexcept;
    double left_seconds(const Session& session) const noexcept;

    // ---- for operators ----

    const Timeouts& timeouts() const noexcept { return tables_->timeouts(); }
    /// OUT_OF_RANGE says which, and what would be accepted.
    absl::Status set(const Timeouts& timeouts);
    uint32_t capacity() const noexcept { return tables_->capacity(); }
    /// Sessions for each worker. FAILED_PRECONDITION while there are sessions, OUT_OF_RANGE for a
    /// number that is none.
    absl::Status set_capacity(uint32_t sessions);

private:
    struct Order {
        unsigned worker = 0;
        Command command;
    };
    explicit Flows(const Parts& parts);
    absl::Status add_nodes(const Parts& parts);
    void tick();
    void send_orders();

    graph::Engine& engine_;
    std::unique_ptr<Tables> tables_;
    graph::NodeId commands_ = graph::no_node;
    interface::Uses uses_;
    std::deque<Order> ending_;
    graph::Control::Handle timer_;
};

}  // namespace vnet::flow
