// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "plugins/bridge/shared.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/wire/mac.hpp"

namespace bridge {

/// How a bridge learns.
struct Settings {
    /// After how many seconds of silence a station, or an address, is forgotten.
    uint32_t ageing_s = 300;
    /// Stations that it learns at most, and as many addresses.
    uint32_t mac_limit = 65536;
    /// Times that a station may move within a minute; then it stays where it is for a minute. 0: as
    /// it likes.
    uint32_t move_limit = 0;
    /// Bits of suppress.
    uint8_t suppressed = 0;

    friend bool operator==(const Settings&, const Settings&) = default;
};

/// Who is behind the ports of bridges, and which IP addresses they have: control's side. Bridges
/// and ports are checked by its owner. Control thread.
class Stations {
public:
    /// Both outlive it.
    Stations(const vnet::interface::Table& table, Shared& shared)
        : table_(table), shared_(shared) {}

    struct Figures {
        size_t learned = 0;
        size_t hosts = 0;
        /// Stations, and addresses, that were not learned: for the limit, or for want of room.
        uint64_t refused = 0;
        uint64_t hosts_refused = 0;
        /// Times that a station was heard by another port than before, and was followed or not.
        uint64_t moves = 0;
        uint64_t moves_refused = 0;
    };
    struct StationInfo {
        Index bridge = 0;
        vnet::wire::MacAddress mac;
        Index interface = 0;
        bool fixed = false;
        bool own = false;
        /// It moved too often, and stays for now.
        bool held = false;
        uint32_t age_s = 0;
    };
    struct HostInfo {
        Index bridge = 0;
        vnet::wire::Ip6Address address;
        HostFacts facts;
        uint32_t age_s = 0;
    };

    void open(Index bridge) { bridges_[bridge]; }
    /// Forgets all of it.
    void close(Index bridge);
    /// What it answers no longer in the name of others, it forgets.
    void set(Index bridge, const Settings& settings);
    const Settings& settings(Index bridge) const { return bridges_.at(bridge).settings; }
    const Figures& figures(Index bridge) const { return bridges_.at(bridge).figures; }

    /// The router's own address in a bridge; `before` is what it was.
    void set_own(Index bridge, std::optional<vnet::wire::MacAddress> before,
                 const vnet::wire::MacAddress& mac);
    /// RESOURCE_EXHAUSTED where there is no room.
    absl::Status fix(Index bridge, const vnet::wire::MacAddress& mac, Index interface);
    /// NOT_FOUND where it was not configured.
    absl::Status unfix(Index bridge, const vnet::wire::MacAddress& mac);
    absl::Status fix_host(const HostKey& key, const vnet::wire::MacAddress& mac, bool router);
    absl::Status unfix_host(const HostKey& key);
    /// Forgets what a bridge has learned.
    void forget(Index bridge);
    /// Forgets who is behind a port, those that were configured too.
    void forget_port(Index bridge, Index interface);
    /// Forgets who was heard by a port.
    void forget_learned(Index bridge, Index interface);

    /// Takes in what workers have heard.
    void learn();
    /// Forgets who has been silent.
    void age();

    /// By the names of bridges, then by addresses.
    std::vector<StationInfo> stations() const;
    std::vector<HostInfo> hosts() const;

private:
    struct Bridge {
        Settings settings;
        Figures figures;
        std::optional<Tick> warned;
    };
    /// A station's moves of the last minute.
    struct Moves {
        Tick since = 0;
        uint32_t count = 0;
        bool held = false;
    };

    void hear(const Learner<HeardStation>::Heard& heard);
    void hear_host(const Learner<HeardHost>::Heard& heard);
    bool may_move(Station station, const Learner<HeardStation>::Heard& heard, Bridge& bridge);
    void forgot(Station station, const MacTable::Entry& entry);
    void forget_if(Index bridge, const std::function<bool(const MacTable::Entry&)>& which);
    void forget_hosts(Index bridge, const std::function<bool(const HostTable::Host&)>& which);

    const vnet::interface::Table& table_;
    Shared& shared_;
    std::map<Index, Bridge> bridges_;
    std::unordered_map<Station, Moves> moves_;
};

}  // namespace bridge
