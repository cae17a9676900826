// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/engine.hpp"
#include "plugins/bridge/learner.hpp"
#include "plugins/bridge/mac_table.hpp"
#include "plugins/bridge/ports.hpp"
#include "vnet/interface/table.hpp"

namespace bridge {

/// What workers share of all bridges.
struct Shared {
    /// Stations of all bridges that there is room for: 131072.
    static constexpr size_t buckets = 65536;

    explicit Shared(graph::Engine& engine)
        : ports(unsigned(engine.workers().size())),
          stations(engine.rcu(), buckets),
          learner(unsigned(engine.workers().size())) {}

    Ports ports;
    MacTable stations;
    Learner learner;
};

/// How a bridge is.
struct Settings {
    /// After how many seconds of silence a station is forgotten.
    uint32_t ageing_s = 300;
    /// Stations that it learns at most.
    uint32_t mac_limit = 65536;
};

/// Bridges: each is an interface of kind "bridge", by which the router takes part in it, and ports.
/// Control thread.
class Bridges {
public:
    static constexpr const char* kind = "bridge";
    static constexpr const char* arc = "device-input";
    static constexpr const char* input = "bridge-input";

    /// `shared` outlives it, and it outlives its interfaces.
    Bridges(graph::Engine& engine, vnet::interface::Table& table, Shared& shared,
            graph::NodeId output);
    ~Bridges();
    Bridges(const Bridges&) = delete;
    Bridges& operator=(const Bridges&) = delete;

    /// Makes a bridge, down, without ports. The name is checked by the table.
    absl::Status add(const std::string& name, std::optional<vnet::wire::MacAddress> mac,
                     const Settings& settings);
    /// Makes an interface a port, or gives it other settings. NOT_FOUND names what there is,
    /// INVALID_ARGUMENT for a bridge as a port, ALREADY_EXISTS names the bridge that has it.
    absl::Status add_port(const std::string& bridge, const std::string& interface,
                          const PortSettings& settings);
    absl::Status remove_port(const std::string& interface);
    /// Says where a station is for good. INVALID_ARGUMENT for a group address or a port of another
    /// bridge, RESOURCE_EXHAUSTED where the table is full.
    absl::Status add_station(const std::string& bridge, const vnet::wire::MacAddress& mac,
                             const std::string& interface);
    absl::Status remove_station(const std::string& bridge, const vnet::wire::MacAddress& mac);
    /// Forgets what a bridge has learned.
    absl::Status forget(const std::string& bridge);

    struct PortInfo {
        Index bridge = 0;
        Index interface = 0;
        PortSettings settings;
    };
    struct StationInfo {
        Index bridge = 0;
        vnet::wire::MacAddress mac;
        Index interface = 0;
        bool fixed = false;
        bool own = false;
        uint32_t age_s = 0;
    };
    struct BridgeInfo {
        Index bridge = 0;
        Settings settings;
        size_t ports = 0;
        size_t learned = 0;
        /// Stations that were not learned, for the limit or for want of room.
        uint64_t refused = 0;
        /// Times that a station was heard by another port than before.
        uint64_t moves = 0;
    };
    /// By the names of bridges, then of interfaces or addresses.
    std::vector<BridgeInfo> bridges() const;
    std::vector<PortInfo> ports() const;
    std::vector<StationInfo> stations() const;
    /// The MAC address that a bridge was given, where it was.
    std::optional<vnet::wire::MacAddress> asked_mac(Index bridge) const;

    /// To be told of changes of all interfaces.
    void changed(const vnet::interface::Interface& interface, vnet::interface::Change change);
    /// Takes in what workers have heard, and forgets who has been silent. Called by timers.
    void learn();
    void age();

private:
    class Device;
    struct Bridge {
        Settings settings;
        std::optional<vnet::wire::MacAddress> asked_mac;
        std::shared_ptr<const Ports::Members> members;
        size_t learned = 0;
        uint64_t refused = 0;
        uint64_t moves = 0;
    };

    absl::StatusOr<Index> find(const std::string& bridge) const;
    void heard(const Learner::Heard& heard);
    void publish(Index bridge);
    void drop_port(Index interface);
    void count_learned(Station station, const MacTable::Entry& entry, int change);

    graph::Engine& engine_;
    vnet::interface::Table& table_;
    Shared& shared_;
    const graph::NodeId output_;
    std::map<Index, Bridge> bridges_;
    std::map<Index, PortInfo> ports_;
    graph::Control::Handle learning_;
    graph::Control::Handle ageing_;
};

}  // namespace bridge
