// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <vector>

#include "vnet/proto/flow.pb.h"
#include "vnet/router.hpp"

namespace vnet::service {

/// What the packets of who began a session leave with: the other direction's key turned round.
inline flow::Key leaving(const flow::Session& session) noexcept {
    return session.reverse.reversed();
}

/// Which sessions somebody means.
class SessionFilter {
public:
    /// NOT_FOUND for a VRF, INVALID_ARGUMENT for what no session can meet.
    static absl::StatusOr<SessionFilter> make(Router& router,
                                              const sluice::FlowSessionFilter& request);
    bool matches(const flow::Flows::Found& found) const noexcept;
    /// The one whose sessions they are.
    std::optional<unsigned> worker() const noexcept { return worker_; }

private:
    std::optional<wire::Ip4Prefix> source_;
    std::optional<wire::Ip4Prefix> destination_;
    std::optional<wire::Ip4Address> address_;
    std::optional<uint8_t> protocol_;
    std::optional<uint16_t> source_port_;
    std::optional<uint16_t> destination_port_;
    std::optional<uint16_t> port_;
    std::optional<interface::Vrf> vrf_;
    std::optional<flow::Timer> timer_;
    std::optional<unsigned> worker_;
};

/// Looks through the tables of all workers, or of the one that is meant, a bounded part at a time.
/// Control thread.
class SessionSearch {
public:
    SessionSearch(const flow::Flows& flows, const SessionFilter& filter)
        : flows_(flows), filter_(filter), place_{filter.worker().value_or(0), 1} {}
    bool at_end() const noexcept {
        return flows_.at_end(place_) || (filter_.worker() && place_.worker != *filter_.worker());
    }
    /// Those that it finds in the next places, which may be none.
    std::vector<flow::Flows::Found> look();

private:
    const flow::Flows& flows_;
    const SessionFilter filter_;
    flow::Flows::Place place_;
};

}  // namespace vnet::service
