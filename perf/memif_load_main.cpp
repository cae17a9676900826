// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <thread>

#include "graph/eal.hpp"
#include "perf/memif_load.hpp"

/// Sends stamped packets into a router by one memif and receives them by another: rate, loss and
/// latency, exactly.
namespace {

using namespace std::chrono_literals;
namespace wire = vnet::wire;

constexpr auto join_patience = 20s;
constexpr uint16_t ring_size = 1024;
constexpr const char* far_mac = "02:fe:00:00:00:02";

struct Options {
    std::string socket;
    std::string router;
    std::string source = "10.0.1.2";
    std::string destination = "192.0.2.1";
    unsigned destinations = 1;
    unsigned repeats = 5;
    int core = -1;
    unsigned memory_mb = 128;
    bool no_huge = false;
    bool zero_copy = false;
    bool steps = false;
    std::string format = "text";
    perf::LoadShape shape;
};

absl::Status start_port(uint16_t port, rte_mempool* pool) {
    rte_eth_conf configuration{};
    int error = rte_eth_dev_configure(port, 1, 1, &configuration);
    if (error == 0) {
        error = rte_eth_rx_queue_setup(port, 0, ring_size, 0, nullptr, pool);
    }
    if (error == 0) {
        error = rte_eth_tx_queue_setup(port, 0, ring_size, 0, nullptr);
    }
    if (error == 0) {
        error = rte_eth_dev_start(port);
    }
    return error == 0 ? absl::OkStatus()
                      : absl::UnavailableError(
                            fmt::format("memif {} does not start: {}; the router's side must be "
                                        "there and up before",
                                        port, rte_strerror(-error)));
}

absl::Status wait_for_links() {
    const auto end = std::chrono::steady_clock::now() + join_patience;
    for (uint16_t port = 0; port < 2; ++port) {
        rte_eth_link link{};
        while (rte_eth_link_get_nowait(port, &link) != 0 || !link.link_status) {
            if (std::chrono::steady_clock::now() > end) {
                return absl::DeadlineExceededError(
                    fmt::format("memif {} has not joined the router's after 20 s: see that its "
                                "interface is up and has the same id and socket",
                                port));
            }
            std::this_thread::sleep_for(1ms);
        }
    }
    return absl::OkStatus();
}

absl::StatusOr<std::vector<perf::LoadResult>> run(Options& options) {
    const auto router = wire::MacAddress::parse(options.router);
    const auto source = wire::Ip4Address::parse(options.source);
    const auto destination = wire::Ip4Address::parse(options.destination);
    for (const absl::Status& status : {router.status(), source.status(), destination.status()}) {
        if (!status.ok()) {
            return status;
        }
    }
    options.shape.router = *router;
    options.shape.source = *source;
    options.shape.source_mac = wire::MacAddress::from_uint64(0x02fe00000001);
    for (unsigned i = 0; i < options.destinations; ++i) {
        options.shape.destinations.push_back(wire::Ip4Address(destination->value() + i));
    }
    if (access(options.socket.c_str(), F_OK) != 0) {
        return absl::NotFoundError(fmt::format(
            "no router listens on '{}': add its memif ports as role=server first", options.socket));
    }
    graph::EalOptions eal_options;
    eal_options.memory_mb = options.memory_mb;
    eal_options.no_huge = options.no_huge;
    eal_options.control_core = options.core;
    for (unsigned id = 0; id < 2; ++id) {
        eal_options.extra.push_back(fmt::format(
            "--vdev=net_memif{},role=client,id={},socket={},socket-abstract=no,mac={}{}", id, id,
            options.socket, id == 0 ? "02:fe:00:00:00:01" : far_mac,
            options.zero_copy ? ",zero-copy=yes" : ""));
    }
    if (options.zero_copy) {
        eal_options.extra.emplace_back("--single-file-segments");
    }
    auto eal = graph::Eal::start(eal_options);
    if (!eal.ok()) {
        return eal.status();
    }
    // Both rings in both directions, bursts under way, the cache.
    rte_mempool* pool =
        rte_pktmbuf_pool_create("load", 8191, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
    if (pool == nullptr) {
        return absl::ResourceExhaustedError(fmt::format(
            "no buffers for 8191 packets in {} MB: give more with --memory", options.memory_mb));
    }
    for (uint16_t port = 0; port < 2; ++port) {
        if (auto status = start_port(port, pool); !status.ok()) {
            return status;
        }
    }
    if (auto status = wait_for_links(); !status.ok()) {
        return status;
    }
    perf::LoadGenerator generator(0, 1, pool);
    std::vector<perf::LoadResult> results;
    for (unsigned i = 0; i < options.repeats; ++i) {
        results.push_back(generator.run(options.shape));
    }
    for (uint16_t port = 0; port < 2; ++port) {
        rte_eth_dev_stop(port);
        rte_eth_dev_close(port);
    }
    return results;
}

double in_us(uint64_t clocks) {
    return double(clocks) * 1e6 / double(rte_get_tsc_hz());
}

double mpps(const perf::LoadResult& result) {
    return double(result.received_in_time) / result.seconds / 1e6;
}

void print_json(const perf::LoadResult& result, bool steps) {
    const perf::Histogram& latency = result.latency;
    fmt::print(
        R"({{"mpps": {:.3f}, "offered_mpps": {:.3f}, "sent": {}, "received": {}, "lost": {}, )"
        R"("out_of_order": {}, "strange": {}, "latency_us": {{"min": {:.2f}, "p50": {:.2f}, )"
        R"("p99": {:.2f}, "p99.9": {:.2f}, "max": {:.2f}}}, "link_full": {:.3f}, )"
        R"("generator_pause_us": {:.1f})",
        mpps(result), double(result.sent) / result.seconds / 1e6, result.sent, result.received,
        result.sent - result.received, result.out_of_order, result.strange,
        in_us(latency.smallest()), in_us(latency.percentile(0.5)), in_us(latency.percentile(0.99)),
        in_us(latency.percentile(0.999)), in_us(latency.largest()), result.full_share,
        in_us(result.longest_pause));
    if (steps) {
        fmt::print(R"(, "latency_steps_us": [)");
        const char* comma = "";
        latency.visit([&](uint64_t last, uint64_t count) {
            fmt::print("{}[{:.3f}, {}]", comma, in_us(last), count);
            comma = ", ";
        });
        fmt::print("]");
    }
    fmt::print("}}\n");
}

void print_text(const perf::LoadResult& result) {
    const perf::Histogram& latency = result.latency;
    fmt::print(
        "{:.2f} Mpps of {:.2f} offered, {} lost of {}, latency p50 {:.1f} p99 {:.1f} p99.9 "
        "{:.1f} max {:.1f} us (generator away at most {:.1f} us)\n",
        mpps(result), double(result.sent) / result.seconds / 1e6, result.sent - result.received,
        result.sent, in_us(latency.percentile(0.5)), in_us(latency.percentile(0.99)),
        in_us(latency.percentile(0.999)), in_us(latency.largest()), in_us(result.longest_pause));
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app(
        "memif_load: sends stamped packets through a router, from its memif 0 to its memif 1.");
    app.add_option("--socket", options.socket,
                   "Unix socket of the router's memif ports, ids 0 and 1")
        ->required();
    app.add_option("--router-mac", options.router, "MAC address of the router's memif 0")
        ->required();
    app.add_option("--source", options.source, "Source of the packets")->capture_default_str();
    app.add_option("--destination", options.destination, "First destination of the packets")
        ->capture_default_str();
    app.add_option("--destinations", options.destinations, "So many destinations, taken in turn")
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str();
    app.add_option("--size", options.shape.size, "Bytes a packet, without frame check sequence")
        ->check(CLI::Range(60, 1514))
        ->capture_default_str();
    app.add_option("--burst", options.shape.burst, "Packets sent at once")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    app.add_option("--rate", options.shape.rate_mpps, "Million packets a second; 0: all that fit")
        ->check(CLI::Range(0.0, 1000.0))
        ->capture_default_str();
    app.add_option("--seconds", options.shape.seconds, "Length of one run")
        ->check(CLI::Range(0.01, 600.0))
        ->capture_default_str();
    app.add_option("--repeats", options.repeats, "Runs, one line of output each")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--core", options.core, "Core to run on; by default where the kernel puts it");
    app.add_option("--memory", options.memory_mb, "Memory for packets and DPDK, in MB")
        ->capture_default_str();
    app.add_flag("--zero-copy", options.zero_copy, "Share packet buffers with the router");
    app.add_flag("--no-huge", options.no_huge, "Ordinary pages even where hugepages are free");
    app.add_flag("--steps", options.steps, "All steps of the latency histogram in the JSON");
    app.add_option("--format", options.format, "json or text")
        ->check(CLI::IsMember({"json", "text"}))
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    const auto results = run(options);
    if (!results.ok()) {
        fmt::print(stderr, "error: {}\n", std::string(results.status().message()));
        return 1;
    }
    for (const perf::LoadResult& result : *results) {
        options.format == "json" ? print_json(result, options.steps) : print_text(result);
    }
    return 0;
}
