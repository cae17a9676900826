// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <memory>
#include <set>
#include <string>

#include "plugins/punt/kernel_net.hpp"
#include "plugins/punt/nodes.hpp"
#include "vnet/router.hpp"

namespace punt {

/// The interface of kind "kernel", of which there is one at most: while it is up, what is for the
/// router and nobody else takes goes to the host's kernel by a tun, which has the router's
/// addresses, but for link-local ones, and follows their changes. Control thread.
class KernelInterface : public std::enable_shared_from_this<KernelInterface> {
public:
    static constexpr const char* kind = "kernel";

    struct Nodes {
        /// Where the packets of the tun begin.
        vnet::device::InputPath input;
        graph::NodeId ip4_punt;
        graph::NodeId ip6_punt;
        graph::NodeId tx;
    };
    /// What writes to the tun.
    struct Writers {
        Ip4ToKernel& ip4;
        Ip6ToKernel& ip6;
    };
    /// All outlive it, and it outlives its interface.
    static std::shared_ptr<KernelInterface> create(vnet::Router& router, const Writers& writers,
                                                   const Nodes& nodes);
    KernelInterface(const KernelInterface&) = delete;
    KernelInterface& operator=(const KernelInterface&) = delete;

    /// Makes it, down, with a tun of the same name. ALREADY_EXISTS where there is one,
    /// INVALID_ARGUMENT for a name that the kernel has none of, and what the kernel refuses.
    absl::Status add(const std::string& name);

    struct Info {
        std::string name;
        /// The kernel's name of its end.
        std::string host_interface;
        /// Addresses that the kernel has.
        size_t addresses = 0;
        /// Why it does not have them all; empty: it does.
        std::string problem;
    };
    /// Nothing where there is none.
    std::optional<Info> info() const;

private:
    class Device;
    KernelInterface(vnet::Router& router, const Writers& writers, const Nodes& nodes)
        : router_(router), writers_(writers), nodes_(nodes) {}
    std::set<HostAddress> addresses() const;
    absl::Status take_rest();
    void leave_rest();
    void write_to(const vnet::device::TapTarget* target);
    void addresses_changed();

    vnet::Router& router_;
    const Writers writers_;
    const Nodes nodes_;
    Device* device_ = nullptr;
};

}  // namespace punt
