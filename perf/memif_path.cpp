// SPDX-License-Identifier: Apache-2.0
#include "perf/memif_path.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "vnet/ip4/lookup.hpp"

namespace perf {

namespace {

using vnet::interface::Index;
using vnet::wire::Ip4Address;
using vnet::wire::Ip4Prefix;
using vnet::wire::MacAddress;

constexpr const char* out_port = "memif-out";
constexpr const char* back_port = "memif-back";
constexpr const char* second_lookup = "ip4-lookup-2";
constexpr auto time_to_join = std::chrono::seconds(10);
constexpr auto time_to_look_again = std::chrono::milliseconds(1);

/// A new directory that goes with what is in it.
class Directory {
public:
    static absl::StatusOr<Directory> make() {
        std::error_code error;
        std::string path = std::filesystem::temp_directory_path(error) / "path-bench-XXXXXX";
        if (error || ::mkdtemp(path.data()) == nullptr) {
            return absl::UnavailableError(fmt::format(
                "no directory can be made for the memif socket: {}; point TMPDIR to where files "
                "may be written",
                error ? error.message() : std::strerror(errno)));
        }
        return Directory(std::move(path));
    }
    Directory(Directory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    Directory& operator=(Directory&&) = delete;
    ~Directory() {
        if (std::error_code error; !path_.empty()) {
            std::filesystem::remove_all(path_, error);
        }
    }
    const std::string& path() const { return path_; }

private:
    explicit Directory(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

absl::StatusOr<Index> add_port(vnet::Router& router, const std::string& name,
                               const std::string& device, const Ip4Prefix& address) {
    auto added = router.interfaces().add(name, [&](Index index) {
        vnet::device::PortOptions options;
        options.devargs = device;
        return router.ports().create(index, options);
    });
    if (!added.ok()) {
        return added.status();
    }
    absl::Status status = router.addresses().add(name, address);
    status.Update(router.interfaces().set_up(name, true));
    return status.ok() ? added : status;
}

/// The two shake hands on DPDK's interrupt thread.
absl::Status wait_until_joined(vnet::interface::Table& interfaces, Index one, Index other) {
    const auto deadline = std::chrono::steady_clock::now() + time_to_join;
    while (true) {
        interfaces.poll_links();
        if (interfaces.get(one)->link && interfaces.get(other)->link) {
            return absl::OkStatus();
        }
        if (std::chrono::steady_clock::now() > deadline) {
            return absl::UnavailableError(
                fmt::format("the memif ports did not join within {} s; run it again with more "
                            "memory (--memory)",
                            time_to_join.count()));
        }
        std::this_thread::sleep_for(time_to_look_again);
    }
}

/// A table of its own for what comes back, as a router of several tables has one for each: by the
/// first it would leave by the memif once more. The node is the one that every packet is looked up
/// by, under another name.
struct SecondTable {
    explicit SecondTable(vnet::Router& router)
        : tables(router.engine().rcu(), router.interfaces()), lookup(tables, router.forwarding()) {}
    vnet::fib::Tables<vnet::ip4::Dir24> tables;
    vnet::ip4::Lookup lookup;
};

absl::Status route_second(vnet::Router& router, Index back, const Ip4Prefix& prefix,
                          vnet::fib::PathIndex path) {
    graph::Engine& engine = router.engine();
    auto second = std::make_shared<SecondTable>(router);
    second->tables.make(vnet::interface::default_vrf)
        .paint(prefix.first().value(), prefix.last().value(), path);
    graph::NodeSpec spec = graph::describe(second->lookup);
    spec.name = second_lookup;
    auto added = engine.graph().add(
        std::move(spec), std::shared_ptr<const vnet::ip4::Lookup>(second, &second->lookup));
    absl::Status status = added.status();
    engine.graph().link(second_lookup, "ip4-rewrite");
    status.Update(engine.graph().add_feature("ip4-unicast", {second_lookup, {}, {}}));
    status.Update(engine.graph().set_feature("ip4-unicast", second_lookup, back, true));
    status.Update(engine.commit());
    return status;
}

absl::Status set_up_memif(vnet::Router& router, const Ends&) {
    // Gone as soon as the two have met: nobody else looks for the socket.
    const auto directory = Directory::make();
    if (!directory.ok()) {
        return directory.status();
    }
    const auto device = [&](unsigned number, const char* role) {
        return fmt::format("net_memif{},role={},id=0,socket={}/socket,socket-abstract=no", number,
                           role, directory->path());
    };
    // The server first: a client starts only where one listens.
    const auto back =
        add_port(router, back_port, device(0, "server"), Ip4Prefix(Ip4Address(10, 0, 4, 1), 24));
    if (!back.ok()) {
        return back.status();
    }
    const auto out =
        add_port(router, out_port, device(1, "client"), Ip4Prefix(Ip4Address(10, 0, 3, 1), 24));
    if (!out.ok()) {
        return out.status();
    }
    if (auto status = wait_until_joined(router.interfaces(), *out, *back); !status.ok()) {
        return status;
    }
    // Where the first table sends `second_leg`, the second sends the packets of `first_leg`.
    const Ip4Prefix first_leg(Ip4Address(192, 0, 2, 0), 24);
    const Ip4Prefix second_leg(Ip4Address(198, 51, 100, 0), 24);
    const Ip4Address peer(10, 0, 3, 2);
    const auto via = [](const Ip4Address& gateway) {
        return vnet::ip4::Via{vnet::ip4::Via::Kind::next_hop, 0, gateway};
    };
    absl::Status status =
        router.neighbors().add_fixed(out_port, peer, router.interfaces().get(*back)->mac);
    status.Update(router.fib().add(first_leg, vnet::ip4::RouteSource::configured, via(peer)));
    status.Update(
        router.fib().add(second_leg, vnet::ip4::RouteSource::configured, via(out_gateway)));
    if (!status.ok()) {
        return status;
    }
    return route_second(router, *back, first_leg,
                        router.routes().lookup(second_leg.address().value()));
}

}  // namespace

Path memif_path() {
    return {"memif", "two IPv4 passes, over memif to the same router", set_up_memif,
            [] { return std::vector<Ip4Address>{Ip4Address(192, 0, 2, 1)}; }, back_port};
}

}  // namespace perf
