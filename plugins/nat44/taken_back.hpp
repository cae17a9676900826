// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>

#include <optional>
#include <tuple>
#include <vector>

#include "plugins/nat44/translator.hpp"

namespace nat44 {

/// What was taken back from the configuration, until its sessions were ended: addresses of pools,
/// and targets of static mappings. To ask whether a session is by any of it takes the same time
/// however much that is, as it is asked for every session that there is. Control thread.
class TakenBack {
public:
    /// Addresses that were a pool's, none of which is here.
    void add(const AddressRange& range, Vrf outside_vrf);
    /// The same range, whose sessions are gone.
    void remove(const AddressRange& range);
    /// A static mapping's target, until a pass of the sweep is over that looks at all sessions with
    /// it.
    void add(const StaticMapping& mapping, const Target& target, uint64_t pass);
    /// Passes up to this one are over.
    void forget(uint64_t pass);

    bool empty() const noexcept { return addresses_.empty(); }
    size_t targets() const noexcept { return targets_; }

    /// A static mapping that is there leads packets with the one key, of this VRF outside, to whom
    /// those with the other come from.
    using IsLed = absl::FunctionRef<bool(Vrf outside_vrf, const vnet::flow::Key& to_outside,
                                         const vnet::flow::Key& from_target)>;
    /// The session is by something of this, and by nothing that is there again or instead.
    bool has(const vnet::flow::Session& session, IsLed is_led) const;

private:
    /// Port and protocol outside, 0 where a mapping is of all; address and port of the target.
    using Led = std::tuple<uint16_t, uint8_t, Ip4Address, uint16_t>;
    struct Gone {
        Vrf outside_vrf;
        Vrf inside_vrf;
        uint64_t pass;
    };
    /// Of one outside address.
    struct Address {
        /// Where a pool had it.
        std::optional<Vrf> of_pool;
        absl::flat_hash_map<Led, std::vector<Gone>> targets;
    };
    bool is_gone(const Address& address, const vnet::flow::Key& to_outside,
                 const vnet::flow::Key& from_target, std::optional<Vrf> outside_vrf,
                 IsLed is_led) const;
    /// One end of a session between two inside.
    bool has_end(const vnet::flow::Key& to_outside, const vnet::flow::Key& from_target,
                 IsLed is_led) const;

    absl::flat_hash_map<Ip4Address, Address> addresses_;
    size_t targets_ = 0;
};

}  // namespace nat44
