// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "plugins/geneve/encap.hpp"
#include "plugins/geneve/tunnel_options.hpp"
#include "vnet/tunnel/point_to_point.hpp"

namespace geneve {

/// The Geneve tunnels of the router, with their options. Control thread, but for what workers read.
class Tunnels {
public:
    static constexpr const char* kind = "geneve";

    explicit Tunnels(const vnet::tunnel::PointToPoint::Parts& parts)
        : links(parts, kind, vnet::tunnel::PointToPoint::Layouts::by_family),
          options(parts.engine.rcu()) {}

    /// Makes a tunnel of what `spec` says, but for what is behind the outer IP header. As
    /// PointToPoint::add(), and OUT_OF_RANGE for a bad VNI, INVALID_ARGUMENT for bad options.
    absl::Status add(const std::string& name, uint32_t vni, const std::string& option_text,
                     bool checksum, vnet::tunnel::PointToPoint::Spec spec);
    /// To be called for each change of an interface.
    void changed(const vnet::interface::Interface& interface, vnet::interface::Change change);
    /// As they were given.
    std::string option_text(Index index) const;

    vnet::tunnel::PointToPoint links;
    TunnelOptions options;

private:
    std::map<Index, std::string> texts_;
};

}  // namespace geneve
