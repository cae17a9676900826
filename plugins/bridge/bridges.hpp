// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/engine.hpp"
#include "plugins/bridge/shared.hpp"
#include "plugins/bridge/stations.hpp"
#include "vnet/interface/table.hpp"

namespace bridge {

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
    absl::Status add(const std::string& name, std::optional<vnet::wire::MacAddress> mac);
    absl::Status set(const std::string& bridge, const Settings& settings);
    /// Makes an interface a port, or gives it other settings. NOT_FOUND names what there is,
    /// INVALID_ARGUMENT for a bridge as a port, ALREADY_EXISTS names who has it.
    absl::Status add_port(const std::string& bridge, const std::string& interface,
                          const PortSettings& settings);
    absl::Status remove_port(const std::string& interface);
    /// Says where a station is for good. INVALID_ARGUMENT for a group address or a port of another
    /// bridge, RESOURCE_EXHAUSTED where the table is full.
    absl::Status add_station(const std::string& bridge, const vnet::wire::MacAddress& mac,
                             const std::string& interface);
    absl::Status remove_station(const std::string& bridge, const vnet::wire::MacAddress& mac);
    /// Says for good whose an IP address is. INVALID_ARGUMENT for an address that no host can have.
    absl::Status add_host(const std::string& bridge, const vnet::wire::Ip6Address& address,
                          const vnet::wire::MacAddress& mac, bool router);
    absl::Status remove_host(const std::string& bridge, const vnet::wire::Ip6Address& address);
    /// Forgets what a bridge has learned.
    absl::Status forget(const std::string& bridge);

    struct PortInfo {
        Index bridge = 0;
        Index interface = 0;
        PortSettings settings;
    };
    struct BridgeInfo {
        Index bridge = 0;
        /// The MAC address that it was given, where it was.
        std::optional<vnet::wire::MacAddress> asked_mac;
        size_t ports = 0;
        Settings settings;
        Stations::Figures figures;
        Ports::Answers answered;
    };
    /// By the names of bridges, then of interfaces.
    std::vector<BridgeInfo> bridges() const;
    std::vector<PortInfo> ports() const;
    const Stations& known() const noexcept { return stations_; }

    /// To be told of changes of all interfaces.
    void changed(const vnet::interface::Interface& interface, vnet::interface::Change change);

private:
    class Device;
    struct Bridge {
        std::optional<vnet::wire::MacAddress> asked_mac;
        std::shared_ptr<const Ports::Members> members;
        /// What its index had answered before it.
        Ports::Answers answered_before;
    };

    absl::StatusOr<Index> find(const std::string& bridge) const;
    void publish(Index bridge);
    void drop_port(Index interface);

    graph::Engine& engine_;
    vnet::interface::Table& table_;
    Shared& shared_;
    const graph::NodeId output_;
    Stations stations_;
    std::map<Index, Bridge> bridges_;
    std::map<Index, PortInfo> ports_;
    graph::Control::Handle learning_;
    graph::Control::Handle ageing_;
};

}  // namespace bridge
