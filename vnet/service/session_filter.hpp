// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <optional>

#include "vnet/flow/search.hpp"
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

/// A search for those.
inline flow::Search search_for(const flow::Flows& flows, const SessionFilter& filter) {
    return {flows, [filter](const flow::Flows::Found& found) { return filter.matches(found); },
            filter.worker()};
}

}  // namespace vnet::service
