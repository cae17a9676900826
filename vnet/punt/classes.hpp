// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "graph/counter.hpp"
#include "vnet/punt/rate_limit.hpp"
#include "vnet/wire/ip_protocol.hpp"

namespace vnet::punt {

/// What is for the router itself and not answered where it comes in, by what is lost without it:
/// each class has a rate of its own, so that a flood of one takes nothing from another.
enum class Class : uint8_t {
    /// Who is where on the links: ARP and neighbor discovery, for control.
    neighbor,
    /// Protocols that keep routes: OSPF, BGP, BFD, RIP, LDP, PIM, VRRP.
    routing,
    /// The operator's way in: SSH, NETCONF, SNMP.
    management,
    /// ICMP that the router does not answer itself.
    icmp,
    /// Other TCP.
    tcp,
    /// All else.
    other,
};
inline constexpr size_t class_count = 6;

/// "neighbor", "routing".
std::string_view name(Class one) noexcept;

/// Packets a second that may pass where nobody has said otherwise.
uint32_t usual_rate(Class one) noexcept;

/// The class of an IP packet of either family. `ports` are those of TCP and UDP, source first; none
/// where the packet has none.
struct Ports {
    uint16_t source;
    uint16_t destination;
};
Class class_of(wire::IpProtocol protocol, std::optional<Ports> ports) noexcept;

/// The limits of all classes, and what they let pass. Owned by the router; set by control, asked by
/// workers.
class Limits {
public:
    /// For as many workers; clocks of the TSC.
    Limits(unsigned workers, uint64_t clocks_per_second);
    Limits(const Limits&) = delete;
    Limits& operator=(const Limits&) = delete;

    // ---- control thread ----
    /// Class "neighbor" may have it twice: once for neighbours that are known, once for strangers.
    void set_rate(Class one, uint32_t rate) noexcept;
    uint32_t rate(Class one) const noexcept { return limits_[size_t(one)]->rate(); }
    struct Counts {
        uint64_t passed = 0;
        uint64_t limited = 0;
    };
    /// Since the router started.
    Counts counts(Class one) const noexcept;

    // ---- workers ----

    /// One more packet of the class may pass; it is counted either way.
    bool allows(Class one, unsigned worker, uint64_t now_tsc) noexcept {
        return count(one, of(one).allows(now_tsc), worker);
    }
    /// One more packet of class "neighbor" may pass; from a neighbour that is known, whatever
    /// strangers send.
    bool allows_neighbor(bool is_known, unsigned worker, uint64_t now_tsc) noexcept {
        RateLimit& limit = is_known ? *known_neighbors_ : of(Class::neighbor);
        return count(Class::neighbor, limit.allows(now_tsc), worker);
    }

private:
    struct alignas(64) Counters {
        std::array<graph::Counter, class_count> passed;
        std::array<graph::Counter, class_count> limited;
    };
    RateLimit& of(Class one) noexcept { return *limits_[size_t(one)]; }
    bool count(Class one, bool allowed, unsigned worker) noexcept {
        // No worker but a dry run counts nothing.
        if (worker < counters_.size()) [[likely]] {
            Counters& counters = counters_[worker];
            (allowed ? counters.passed : counters.limited)[size_t(one)].add(1);
        }
        return allowed;
    }

    std::array<std::unique_ptr<RateLimit>, class_count> limits_;
    std::unique_ptr<RateLimit> known_neighbors_;
    std::vector<Counters> counters_;
};

}  // namespace vnet::punt
