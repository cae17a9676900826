// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vnet/neighbor/nd.hpp"
#include "vnet/wire/nd_options.hpp"

namespace vnet::neighbor {

/// What a router tells the hosts of a link (RFC 4861 6.2.1, RFC 4191, RFC 8106).
struct RouterAdvertisementSettings {
    /// Seconds between two that nobody asked for: at most, and at least.
    uint32_t max_interval_s = 600;
    uint32_t min_interval_s = 200;
    /// As a default router; 0: hosts shall not send here what they have no other route for.
    uint32_t lifetime_s = 1800;
    /// For hosts to send with; 0 says nothing.
    uint32_t hop_limit = 64;
    /// Addresses, and other things, are had by DHCPv6.
    bool managed = false;
    bool other = false;
    wire::RouterPreference preference = wire::RouterPreference::medium;
    /// Lifetimes of the interface's networks, which are all told: hosts make addresses of those
    /// with 64 bits.
    uint32_t valid_lifetime_s = 2'592'000;
    uint32_t preferred_lifetime_s = 604'800;
    /// Hosts may make addresses of the prefixes (RFC 4862).
    bool autonomous = true;
    /// The interface's MTU is told.
    bool mtu = true;
    std::vector<wire::Ip6Address> dns_servers;
    friend bool operator==(const RouterAdvertisementSettings&,
                           const RouterAdvertisementSettings&) = default;
};

/// Sends router advertisements on the interfaces that are told to: in irregular intervals, soon
/// after they begin, when a host asks, and a last one when they end or the interface goes down
/// (RFC 4861 6.2). Prefixes and DNS servers that are told no more are taken back (RFC 9096 3.5).
/// Control thread.
class RouterAdvertisements {
public:
    RouterAdvertisements(graph::Engine& engine, interface::Table& interfaces,
                         ip6::Addresses& addresses, Nd& nd, Nd::Now clock = &Clock::now);
    RouterAdvertisements(const RouterAdvertisements&) = delete;
    RouterAdvertisements& operator=(const RouterAdvertisements&) = delete;

    /// Begins, or goes on with other settings. OUT_OF_RANGE names what may be said.
    absl::Status set(const std::string& interface, const RouterAdvertisementSettings& settings);
    /// NOT_FOUND where there are none on the interface.
    absl::Status stop(const std::string& interface);
    /// Tells the hosts of all interfaces that the router is one no longer.
    void stop_all();
    std::optional<RouterAdvertisementSettings> settings_of(interface::Index interface) const;
    struct State {
        interface::Index interface;
        const RouterAdvertisementSettings* settings;
        uint64_t sent;
        uint64_t solicitations;
    };
    /// In order of interfaces.
    std::vector<State> list() const;
    /// The networks that an interface's hosts are told: those of its addresses, each once.
    std::vector<wire::Ip6Prefix> prefixes_of(interface::Index interface) const;

    /// Those that they are told to forget.
    std::vector<wire::Ip6Prefix> withdrawn_of(interface::Index interface) const;

    /// Does what is due at `now`; a timer calls it.
    void tick(Clock::time_point now);

private:
    /// What hosts were told, and what they are to forget of it: told for as long as they might
    /// remember, the newest few of it.
    template <class T>
    class Told {
    public:
        /// `values` are told from `now` on, and remembered so long; what was told and is not among
        /// them is withdrawn.
        void tell(const std::vector<T>& values, std::chrono::seconds lifetime,
                  Clock::time_point now);
        std::vector<T> withdrawn() const;

    private:
        struct Withdrawn {
            T value;
            Clock::time_point until;
        };
        static constexpr size_t most_withdrawn = 16;
        std::vector<T> told_;
        std::chrono::seconds lifetime_{0};
        std::vector<Withdrawn> withdrawn_;
    };
    struct Link {
        RouterAdvertisementSettings settings;
        /// When the next is due, and when the last one left.
        Clock::time_point due;
        std::optional<Clock::time_point> last;
        /// How many still follow one another fast.
        unsigned initial = 0;
        uint64_t sent = 0;
        uint64_t solicitations = 0;
        /// The address that hosts know the router by; `::`: by none.
        wire::Ip6Address source;
        Told<wire::Ip6Prefix> prefixes;
        Told<wire::Ip6Address> dns_servers;
    };
    /// What an advertisement says of the router.
    enum class Say {
        /// Use it.
        here,
        /// It is none any more, or not under this address.
        not_a_router,
        /// It is away, with its networks, and may come back.
        away,
        /// It advertises nothing any more.
        ended,
    };
    void begin(Link& link);
    void changed(const interface::Interface& interface, interface::Change change);
    void gone(interface::Index interface, wire::Ip6Address address);
    void solicited(interface::Index interface);
    bool send(interface::Index interface, Link& link, Say say = Say::here);
    void end(interface::Index interface, Link& link, Say say);
    Clock::duration random_between(std::chrono::milliseconds least, std::chrono::milliseconds most);

    interface::Table& interfaces_;
    ip6::Addresses& addresses_;
    Nd& nd_;
    Nd::Now clock_;
    std::map<interface::Index, Link> links_;
    graph::Control::Handle timer_;
};

}  // namespace vnet::neighbor
