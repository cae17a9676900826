// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/dhcp-client/message.hpp"

namespace dhcp_client {

using Clock = std::chrono::steady_clock;

/// What an operator asks of a client.
struct Settings {
    /// Told to the server; empty: none.
    std::string hostname;
    /// Empty: the MAC address.
    std::string client_id;
    /// Of its routes.
    uint8_t preference = 100;
    bool operator==(const Settings&) const = default;
};

/// What a server has leased.
struct Lease {
    Ip4Prefix address;
    Ip4Address server;
    std::vector<StaticRoute> routes;
    std::vector<Ip4Address> name_servers;
    std::string domain;
    std::optional<uint16_t> mtu;
    Clock::time_point renew;
    Clock::time_point rebind;
    Clock::time_point end;
};

/// RFC 2131 4.4, figure 5, with two more: `off` while the interface is down or has no link, and
/// `probing` while others are asked whether they have the address (RFC 5227).
enum class State {
    off,
    init,
    selecting,
    requesting,
    probing,
    bound,
    renewing,
    rebinding,
    rebooting
};
std::string_view name(State state);

/// Does what a Client asks for. Control thread.
class Actions {
public:
    virtual ~Actions() = default;
    enum class Way {
        /// To everybody on the link, from Request::own, or from nobody.
        broadcast,
        /// To Request::server, by the routes, from Request::own.
        routed,
    };
    virtual void send(const Request& request, Way way, Ip4Address to) = 0;
    /// Asks on the link who has an address, from nobody.
    virtual void probe(Ip4Address address) = 0;
    /// What comes in is looked at before the interface has an address; conflicts with `candidate`
    /// are told to Client::conflict(), where it is not 0.0.0.0.
    virtual void listen(bool on, Ip4Address candidate) = 0;
    /// Gives the interface a lease in the place of the one before. An error leaves it none.
    virtual absl::Status bind(const Lease& lease) = 0;
    /// Takes the lease from the interface.
    virtual void unbind() = 0;
};

/// One interface's client: states, timers, retransmission. Time and randomness are given to it.
/// Control thread.
class Client {
public:
    /// A random number. `actions` outlives it.
    using Random = std::function<uint32_t()>;
    Client(Settings settings, MacAddress mac, Actions& actions, Random random)
        : settings_(std::move(settings)),
          mac_(mac),
          actions_(actions),
          random_(std::move(random)) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// The link is there. A lease that was held is asked for again (INIT-REBOOT).
    void up(Clock::time_point now);
    /// The link is gone: a lease is kept until its end.
    void down(Clock::time_point now);
    /// A message of a server that was read; what is not for this client, or not now, is ignored.
    void receive(const Reply& reply, Clock::time_point now);
    /// Somebody has the address that is being probed.
    void conflict(const MacAddress& who, Clock::time_point now);
    /// The interface no longer has the lease's address, since somebody else took it from there.
    void evict(Clock::time_point now);
    /// Does what is due.
    void tick(Clock::time_point now);
    /// Takes the lease from the interface, and is off. The server is not told: a lease ends by
    /// itself (RFC 2131 4.4.6).
    void stop();

    State state() const noexcept { return state_; }
    /// Nothing where there is none.
    const std::optional<Lease>& lease() const noexcept { return lease_; }
    /// What went wrong last, in a sentence; empty: nothing since it was bound.
    const std::string& problem() const noexcept { return problem_; }
    const Settings& settings() const noexcept { return settings_; }
    /// When tick() has something to do; nothing while it waits for the link.
    std::optional<Clock::time_point> due() const noexcept { return due_; }

private:
    void begin(Clock::time_point now, Clock::duration delay);
    void exchange(State state, Clock::time_point now);
    void discover(Clock::time_point now);
    void ask(Clock::time_point now);
    void refresh(Clock::time_point now);
    void probe(Clock::time_point now);
    void take(const Reply& reply, Clock::time_point now);
    void bind(Clock::time_point now);
    void bound();
    void lose(Clock::time_point now, Clock::duration delay, std::string why);
    std::optional<Lease> lease_of(const Reply& reply) const;
    Request request(Type type, Clock::time_point now) const;
    Clock::time_point retry(Clock::time_point now);

    const Settings settings_;
    const MacAddress mac_;
    Actions& actions_;
    const Random random_;
    State state_ = State::off;
    std::optional<Clock::time_point> due_;
    /// Of the exchange under way.
    uint32_t transaction_ = 0;
    Clock::time_point began_;
    /// The last message of it: a lease counts from there.
    Clock::time_point sent_;
    unsigned tries_ = 0;
    /// What was offered, and then what was leased and is being probed.
    Reply offer_;
    std::optional<Lease> candidate_;
    std::optional<Lease> lease_;
    /// Times that it began anew without being bound since.
    unsigned failures_ = 0;
    std::string problem_;
};

}  // namespace dhcp_client
