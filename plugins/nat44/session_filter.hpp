// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <optional>

#include "plugins/nat44/nat44.pb.h"
#include "plugins/nat44/translator.hpp"
#include "vnet/flow/search.hpp"
#include "vnet/router.hpp"

namespace nat44 {

/// A session as an operator sees it: the host inside, what it is outside, whom it speaks with.
struct SessionView {
    explicit SessionView(const vnet::flow::Session& session);
    End inside;
    End outside;
    End remote;
    Vrf inside_vrf;
    uint8_t protocol;
    uint32_t packets_out;
    uint32_t packets_in;
};

/// Which sessions an operator means.
class SessionFilter {
public:
    /// A sentence for what cannot match.
    static absl::StatusOr<SessionFilter> make(vnet::Router& router,
                                              const sluice::nat44::SessionFilter& request);
    bool operator()(const vnet::flow::Session& session) const;

private:
    std::optional<Ip4Prefix> inside_;
    std::optional<Ip4Prefix> outside_;
    std::optional<Ip4Prefix> remote_;
    std::optional<uint8_t> protocol_;
    std::optional<uint32_t> inside_port_;
    std::optional<uint32_t> outside_port_;
    std::optional<uint32_t> remote_port_;
    std::optional<Vrf> inside_vrf_;
    std::optional<vnet::flow::Timer> timer_;
};

/// A search for those, among the sessions of `owner`.
inline vnet::flow::Search search_for(const vnet::flow::Flows& flows, vnet::flow::OwnerId owner,
                                     const SessionFilter& filter) {
    return {flows, [owner, filter](const vnet::flow::Flows::Found& found) {
                return found.session.owner == owner && filter(found.session);
            }};
}

}  // namespace nat44
