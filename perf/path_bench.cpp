// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <rte_cycles.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "graph/eal.hpp"
#include "perf/measure.hpp"
#include "perf/paths.hpp"

/// Runs the real graph and says what a packet costs in each node.
namespace {

void print_json(const std::string& path, const perf::Load& load,
                const std::vector<perf::Result>& results, bool best) {
    const perf::Result& median = results[best ? 0 : results.size() / 2];
    fmt::print(
        R"({{"path": "{}", "vector": {}, "size": {}, "clocks_per_packet": {:.1f}, "nodes": [)",
        path, load.vector, load.size, median.clocks_per_packet);
    for (size_t i = 0; i < median.nodes.size(); ++i) {
        const perf::NodeCost& node = median.nodes[i];
        fmt::print(
            R"({}{{"name": "{}", "clocks_per_packet": {:.1f}, "vectors_per_call": {:.1f}, "visits": {:.2g}}})",
            i == 0 ? "" : ", ", node.name, node.clocks_per_packet, node.vectors_per_call,
            node.visits);
    }
    fmt::print(
        R"(], "mpps": {:.2f}, "runs": {}, "clocks_min": {:.1f}, "clocks_max": {:.1f}, "packets": {}, )"
        R"("dropped": {}}})"
        "\n",
        double(rte_get_tsc_hz()) / median.clocks_per_packet / 1e6, results.size(),
        results.front().clocks_per_packet, results.back().clocks_per_packet, median.packets,
        median.dropped);
}

void print_text(const std::string& path, const perf::Load& load,
                const std::vector<perf::Result>& results, bool best) {
    const perf::Result& median = results[best ? 0 : results.size() / 2];
    fmt::print("path {}, vectors of {}, {} B, {} of {} runs\n", path, load.vector, load.size,
               best ? "fastest" : "median", results.size());
    fmt::print("{:<20} {:>14} {:>18} {:>8}\n", "node", "clocks/packet", "packets/call", "visits");
    for (const perf::NodeCost& node : median.nodes) {
        fmt::print("{:<20} {:>14.1f} {:>18.1f} {:>8.2g}\n", node.name, node.clocks_per_packet,
                   node.vectors_per_call, node.visits);
    }
    fmt::print("{:<20} {:>14.1f}   ({:.1f} to {:.1f})\n", "all", median.clocks_per_packet,
               results.front().clocks_per_packet, results.back().clocks_per_packet);
    fmt::print("{:.2f} Mpps at {:.2f} GHz, {} packets, {} dropped\n",
               double(rte_get_tsc_hz()) / median.clocks_per_packet / 1e6,
               double(rte_get_tsc_hz()) / 1e9, median.packets, median.dropped);
}

absl::StatusOr<std::vector<perf::Result>> run(const perf::Path& path, const perf::Load& load,
                                              unsigned repeats, bool no_huge, unsigned memory_mb,
                                              perf::Out out) {
    graph::EalOptions eal_options;
    eal_options.memory_mb = memory_mb;
    eal_options.no_huge = no_huge;
    auto eal = graph::Eal::start(eal_options);
    if (!eal.ok()) {
        return eal.status();
    }
    auto engine = graph::Engine::create({1, {}, 16384});
    if (!engine.ok()) {
        return engine.status();
    }
    auto router = vnet::Router::create(**engine);
    if (!router.ok()) {
        return router.status();
    }
    auto ends = perf::make_ends(**router, out);
    if (!ends.ok()) {
        return ends.status();
    }
    if (auto status = path.set_up(**router, *ends); !status.ok()) {
        return status;
    }
    // The worker's own thread is not started: its data path runs here, without its polling.
    (*engine)->rcu().flush();
    (*engine)->take_up_here();
    perf::Measure measure(**engine, **router, *ends, path, load);
    std::vector<perf::Result> results;
    for (unsigned i = 0; i < repeats; ++i) {
        results.push_back(measure.run());
    }
    std::sort(results.begin(), results.end(), [](const perf::Result& a, const perf::Result& b) {
        return a.clocks_per_packet < b.clocks_per_packet;
    });
    return results;
}

}  // namespace

int main(int argc, char** argv) {
    std::string name;
    std::string format = "text";
    std::string out_name = "null";
    perf::Load load;
    unsigned repeats = 5;
    unsigned memory_mb = 256;
    bool list = false;
    bool no_huge = false;
    bool best = false;
    CLI::App app(
        "path_bench: what a packet costs on its way through the real graph, node by node.");
    app.add_flag("--list", list, "Name the paths");
    app.add_option("--path", name, "The path to run");
    app.add_option("--vector", load.vector, "Packets a vector")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    app.add_option("--size", load.size,
                   "Bytes a packet, without frame check sequence; as the path has it, mostly 60")
        ->check(CLI::Range(60, 1514));
    app.add_option("--seconds", load.seconds, "Length of one run")
        ->check(CLI::Range(0.01, 600.0))
        ->capture_default_str();
    app.add_option("--packets", load.packets,
                   "So many packets instead of a time; for counting instructions");
    app.add_option("--repeats", repeats, "Runs, of which the median is quoted")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--memory", memory_mb, "Memory for packets and DPDK, in MB")
        ->capture_default_str();
    app.add_option("--format", format, "json or text")
        ->check(CLI::IsMember({"json", "text"}))
        ->capture_default_str();
    app.add_option("--out", out_name,
                   "What takes the packets: a null interface, or DPDK's null port")
        ->check(CLI::IsMember({"null", "port"}))
        ->capture_default_str();
    app.add_flag("--no-huge", no_huge, "Ordinary pages even where hugepages are free");
    app.add_flag(
        "--best", best,
        "Quote the fastest run instead of the median: for a machine that is busy otherwise");
    CLI11_PARSE(app, argc, argv);

    const auto& paths = perf::paths();
    const auto path = std::find_if(paths.begin(), paths.end(),
                                   [&](const perf::Path& p) { return p.name == name; });
    if (list) {
        for (const perf::Path& known : paths) {
            fmt::print("{:<22} {}\n", known.name, known.meaning);
        }
        return 0;
    }
    if (path == paths.end()) {
        fmt::print(stderr, "error: there is no path '{}'; --list names them\n", name);
        return 2;
    }
    if (load.size == 0) {
        load.size = path->size;
    }
    auto results = run(*path, load, repeats, no_huge, memory_mb,
                       out_name == "port" ? perf::Out::port : perf::Out::null);
    if (!results.ok()) {
        fmt::print(stderr, "error: {}\n", std::string(results.status().message()));
        return 1;
    }
    format == "json" ? print_json(name, load, *results, best)
                     : print_text(name, load, *results, best);
    return results->front().dropped == 0 ? 0 : 1;
}
