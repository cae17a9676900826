// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <map>
#include <set>
#include <string>

#include "vnet/ip6/addresses.hpp"

namespace vnet::ip6 {

/// On which interfaces IPv6 is enabled, and their link-local addresses (RFC 4291 2.5.6). It is
/// enabled where the operator says so, and where there is an IPv6 address; such an interface has a
/// link-local address made of its MAC address (RFC 4291 appendix A) unless it is given another.
/// Keeps what workers know of it in interface::Hot. Control thread.
class LinkLocals {
public:
    LinkLocals(interface::Table& interfaces, Addresses& addresses);
    LinkLocals(const LinkLocals&) = delete;
    LinkLocals& operator=(const LinkLocals&) = delete;

    /// Enables IPv6 on an interface without an address, or no longer. NOT_FOUND names what there
    /// is.
    absl::Status set_enabled(const std::string& interface, bool enabled);
    /// As the operator said.
    bool is_set(interface::Index interface) const { return set_.contains(interface); }
    bool is_enabled(interface::Index interface) const;
    /// An address that follows from the interface alone, and is no part of the configuration.
    bool is_automatic(interface::Index interface, wire::Ip6Address address) const;

private:
    void look_again(interface::Index interface);
    void note_sources();
    wire::Ip6Address global_of(interface::Index interface) const;

    interface::Table& interfaces_;
    Addresses& addresses_;
    std::set<interface::Index> set_;
    std::map<interface::Index, wire::Ip6Prefix> automatic_;
    /// It is its own change that it hears of.
    bool changing_ = false;
};

}  // namespace vnet::ip6
