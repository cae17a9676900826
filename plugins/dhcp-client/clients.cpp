// SPDX-License-Identifier: Apache-2.0
#include "plugins/dhcp-client/clients.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "plugins/dhcp-client/nodes.hpp"
#include "vnet/wire/arp.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/udp.hpp"

namespace dhcp_client {

namespace {

namespace wire = vnet::wire;
using vnet::interface::Change;
using vnet::interface::Interface;

constexpr uint8_t initial_ttl = 64;

template <wire::WireHeader Header>
void append(std::vector<std::byte>& to, const Header& header) {
    const auto bytes = wire::bytes_of(header);
    to.insert(to.end(), bytes.begin(), bytes.end());
}

wire::EthernetHeader to_everybody(const MacAddress& from, wire::EtherType type) {
    wire::EthernetHeader header;
    header.destination = MacAddress::broadcast();
    header.source = from;
    header.type = wire::to_be(type);
    return header;
}

/// A DHCP message as an IPv4 packet.
std::vector<std::byte> datagram(Ip4Address from, Ip4Address to,
                                std::span<const std::byte> message) {
    wire::UdpHeader udp;
    udp.source_port = wire::Be16(client_port);
    udp.destination_port = wire::Be16(server_port);
    udp.length = wire::Be16(uint16_t(sizeof(udp) + message.size()));
    std::vector<std::byte> segment;
    append(segment, udp);
    segment.insert(segment.end(), message.begin(), message.end());
    udp.checksum = wire::l4_checksum(from, to, wire::IpProtocol::udp, segment);

    wire::Ip4Header ip;
    ip.total_length = wire::Be16(uint16_t(sizeof(ip) + segment.size()));
    ip.ttl = initial_ttl;
    ip.protocol_number = uint8_t(wire::IpProtocol::udp);
    ip.source = from;
    ip.destination = to;
    ip.checksum = wire::ip4_header_checksum(ip);
    std::vector<std::byte> packet;
    append(packet, ip);
    append(packet, udp);
    packet.insert(packet.end(), message.begin(), message.end());
    return packet;
}

}  // namespace

/// One interface's client, and what it does in the router.
class Clients::Session final : public Actions {
public:
    Session(Clients& owner, const Interface& interface, Settings settings)
        : owner_(owner),
          interface_(interface.index),
          mac_(interface.mac),
          client_(std::move(settings), interface.mac, *this, [&owner] { return owner.random_(); }) {
    }
    ~Session() override { client_.stop(); }

    Client& client() noexcept { return client_; }
    const Client& client() const noexcept { return client_; }

    void tick(Clock::time_point now) {
        if (const MacAddress holder = owner_.watch_.holder(interface_); !holder.is_zero()) {
            client_.conflict(holder, now);
        }
        client_.tick(now);
    }

    void send(const Request& request, Way way, Ip4Address to) override {
        const Ip4Address everybody(0xffff'ffff);
        const std::vector<std::byte> message = write(request);
        const std::vector<std::byte> packet =
            datagram(request.own, way == Way::routed ? to : everybody, message);
        if (way == Way::routed) {
            inject({}, packet, owner_.nodes_.lookup);
            return;
        }
        const auto frame = to_everybody(mac_, wire::EtherType::ip4);
        inject(wire::bytes_of(frame), packet, owner_.nodes_.output);
    }

    void probe(Ip4Address address) override {
        auto arp = wire::ArpHeader::make(wire::ArpOperation::request);
        arp.sender_mac = mac_;
        arp.target_ip = address;
        const auto frame = to_everybody(mac_, wire::EtherType::arp);
        inject(wire::bytes_of(frame), wire::bytes_of(arp), owner_.nodes_.output);
    }

    void listen(bool on, Ip4Address candidate) override {
        owner_.watch_.set(interface_, candidate);
        (void)owner_.router_.engine().graph().set_feature(
            "device-input", std::string(Listen::info.name), interface_, on);
    }

    absl::Status bind(const Lease& lease) override {
        if (given_ && *given_ != lease.address) {
            unbind();
        }
        if (!given_) {
            const absl::Status status =
                owner_.router_.addresses().add(name(), lease.address, vnet::fib::Origin::learned);
            if (!status.ok()) {
                return status;
            }
            given_ = lease.address;
        }
        // A route that cannot be is no reason to do without the address.
        routes_ = lease.routes;
        moved();
        return absl::OkStatus();
    }

    void unbind() override {
        (void)owner_.routes_of(vrf_).set(interface_, 0, {});
        routes_.clear();
        if (given_) {
            const Ip4Prefix address = *std::exchange(given_, std::nullopt);
            // It may have gone with its interface already.
            (void)owner_.router_.addresses().remove(name(), address);
        }
    }

    /// Whatever takes a leased address, as a move to a VRF where somebody has it: what the client
    /// does itself is noted before.
    void address_gone(const Ip4Prefix& address) {
        if (given_ == address) {
            given_.reset();
            client_.evict(Clock::now());
        }
    }

    /// The interface may be in another VRF now: so are its routes.
    void moved() {
        const vnet::interface::Vrf before =
            std::exchange(vrf_, owner_.router_.interfaces().vrf_of(interface_));
        if (before != vrf_) {
            (void)owner_.routes_of(before).set(interface_, 0, {});
        }
        (void)owner_.routes_of(vrf_).set(interface_, client_.settings().preference, routes_);
    }

private:
    std::string name() const { return owner_.router_.interfaces().name_of(interface_); }

    void inject(std::span<const std::byte> header, std::span<const std::byte> rest,
                graph::NodeId start) {
        graph::Engine& engine = owner_.router_.engine();
        graph::Packet* packet = engine.pool().allocate();
        if (packet == nullptr) {
            // It is sent again.
            return;
        }
        packet->resize(uint32_t(header.size() + rest.size()));
        std::memcpy(packet->data() + header.size(), rest.data(), rest.size());
        if (!header.empty()) {
            std::memcpy(packet->data(), header.data(), header.size());
        }
        // What is routed is looked up in the interface's VRF.
        packet->meta().rx_interface = interface_;
        packet->meta().tx_interface = interface_;
        packet->meta().l3_offset = uint16_t(header.size());
        packet->meta().flags |= graph::packet_flag::local_origin;
        engine.inject(packet, start);
    }

    Clients& owner_;
    const Index interface_;
    vnet::interface::Vrf vrf_ = vnet::interface::default_vrf;
    /// What the lease brought.
    std::vector<StaticRoute> routes_;
    const MacAddress mac_;
    std::optional<Ip4Prefix> given_;
    Client client_;
};

Clients::Clients(vnet::Router& router, Watch& watch, const Nodes& nodes)
    : router_(router), watch_(watch), nodes_(nodes) {
    router.addresses().observe(
        [weak = std::weak_ptr(self_)](Index interface, const Ip4Prefix& address, bool added) {
            if (const auto self = weak.lock(); self != nullptr && !added) {
                (*self)->address_gone(interface, address);
            }
        });
}

Clients::~Clients() {
    self_.reset();
    if (!sessions_.empty()) {
        sessions_.clear();
        router_.local().unregister_udp_port(client_port);
    }
}

void Clients::start(const Interface& interface, const Settings& settings) {
    // The one before takes its lease along first.
    sessions_.erase(interface.index);
    const auto session =
        sessions_.emplace(interface.index, std::make_unique<Session>(*this, interface, settings))
            .first;
    if (interface.link) {
        session->second->client().up(Clock::now());
    }
    schedule();
}

absl::Status Clients::set(const std::string& name, const Settings& settings) {
    const auto interface = router_.interfaces().find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    const auto session = sessions_.find((*interface)->index);
    if (session != sessions_.end() && session->second->client().settings() == settings) {
        return absl::OkStatus();
    }
    if (sessions_.empty()) {
        const absl::Status status =
            router_.local().register_udp_port(router_.engine().graph(), client_port, nodes_.input);
        if (!status.ok()) {
            return status;
        }
    }
    start(**interface, settings);
    return absl::OkStatus();
}

absl::Status Clients::reset(const std::string& name) {
    const auto interface = router_.interfaces().find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    if (sessions_.erase((*interface)->index) == 0) {
        return absl::NotFoundError(fmt::format(
            "interface '{}' has no DHCP client; `show dhcp client` lists those that have", name));
    }
    if (sessions_.empty()) {
        router_.local().unregister_udp_port(client_port);
    }
    return absl::OkStatus();
}

std::vector<Clients::Info> Clients::all() const {
    std::vector<Info> sorted;
    for (const auto& [index, session] : sessions_) {
        sorted.push_back({index, &session->client()});
    }
    std::sort(sorted.begin(), sorted.end(), [this](const Info& a, const Info& b) {
        return router_.interfaces().name_of(a.interface) <
               router_.interfaces().name_of(b.interface);
    });
    return sorted;
}

void Clients::receive(std::span<graph::Packet*> packets) {
    for (graph::Packet* packet : packets) {
        const auto session = sessions_.find(packet->meta().rx_interface);
        if (session != sessions_.end()) {
            if (const auto reply = read(message_of(*packet))) {
                session->second->client().receive(*reply, Clock::now());
            }
        }
        graph::free_packet(packet);
    }
    schedule();
}

LeasedRoutes& Clients::routes_of(vnet::interface::Vrf vrf) {
    return routes_.try_emplace(vrf, *router_.ip4().fibs, vrf).first->second;
}

void Clients::changed(const Interface& interface, Change change) {
    const auto found = sessions_.find(interface.index);
    if (found == sessions_.end()) {
        return;
    }
    Client& client = found->second->client();
    switch (change) {
        case Change::removing:
            (void)reset(interface.name);
            break;
        case Change::link_up:
            client.up(Clock::now());
            break;
        case Change::link_down:
            client.down(Clock::now());
            break;
        case Change::mac: {
            // Another station to the server.
            const Settings settings = client.settings();
            start(interface, settings);
            break;
        }
        case Change::vrf:
            found->second->moved();
            break;
        case Change::added:
        case Change::up:
        case Change::going_down:
        case Change::down:
        case Change::mtu:
            break;
    }
    schedule();
}

void Clients::address_gone(Index interface, const Ip4Prefix& address) {
    if (const auto found = sessions_.find(interface); found != sessions_.end()) {
        found->second->address_gone(address);
        schedule();
    }
}

void Clients::tick() {
    for (const auto& [index, session] : sessions_) {
        session->tick(Clock::now());
    }
    schedule();
}

void Clients::schedule() {
    std::optional<Clock::time_point> next;
    for (const auto& [index, session] : sessions_) {
        if (const auto due = session->client().due()) {
            next = next ? std::min(*next, *due) : *due;
        }
    }
    if (!next) {
        timer_.cancel();
        return;
    }
    const auto wait = std::max<Clock::duration>(*next - Clock::now(), {});
    timer_ = router_.engine().control().after(wait, [this] { tick(); });
}

}  // namespace dhcp_client
