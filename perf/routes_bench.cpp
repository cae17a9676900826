// SPDX-License-Identifier: Apache-2.0
#include <absl/time/clock.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "api/client/client.hpp"
#include "perf/route_set.hpp"
#include "perf/route_watchers.hpp"
#include "vnet/proto/ip.pb.h"

/// Adds, changes and withdraws many routes through the API of a running daemon, and says how many a
/// second; how long another client's small request took meanwhile; and how many of the changes
/// others saw who watched.
namespace {

using vnet::wire::Ip4Address;
using vnet::wire::Ip4Prefix;

struct Options {
    std::string socket = "/run/sluice/api.sock";
    size_t routes = 1'000'000;
    size_t batch = 1000;
    unsigned repeats = 3;
    std::string order = "random";
    /// Two next hops, between which a change goes.
    std::vector<std::string> next_hops;
    /// Of both; empty: recursive.
    std::string interface;
    std::vector<std::string> phases = {"add", "change", "withdraw"};
    /// Clients that watch the events of routes meanwhile.
    unsigned watchers = 0;
    std::string format = "text";
};

struct Figures {
    std::vector<double> routes_per_second;
    std::vector<double> slowest_answer_ms;
    /// Of all watchers together, until each had seen all.
    std::vector<double> events_per_second;
};

constexpr absl::Duration patience = absl::Minutes(5);

using Batches = std::vector<sluice::RouteBatch>;

Batches make_batches(const std::vector<Ip4Prefix>& routes, const Options& options,
                     const Ip4Address* next_hop) {
    Batches batches((routes.size() + options.batch - 1) / options.batch);
    for (size_t i = 0; i < routes.size(); ++i) {
        sluice::RouteBatch& batch = batches[i / options.batch];
        sluice::IpPrefix* prefix = nullptr;
        if (next_hop == nullptr) {
            prefix = batch.add_delete_();
        } else {
            sluice::ConfiguredRoute* route = batch.add_add();
            route->mutable_next_hop()->set_ip4(next_hop->value());
            if (!options.interface.empty()) {
                route->set_interface(options.interface);
            }
            prefix = route->mutable_prefix();
        }
        prefix->set_ip4(routes[i].address().value());
        prefix->set_length(routes[i].length());
    }
    return batches;
}

/// Asks for one route again and again until it is told to end; keeps the longest time.
class Bystander {
public:
    explicit Bystander(api::Client& client)
        : client_(client), thread_([this](std::stop_token stop) { run(stop); }) {}
    double slowest_ms() {
        thread_.request_stop();
        thread_.join();
        return absl::ToDoubleMilliseconds(slowest_);
    }

private:
    void run(const std::stop_token& stop) {
        sluice::MatchRouteRequest request;
        sluice::Route reply;
        while (!stop.stop_requested()) {
            const absl::Time start = absl::Now();
            // That no route matches is an answer as well.
            (void)client_.call(
                "sluice.Routes.Match", request, reply, [](const auto&) { return true; }, patience);
            slowest_ = std::max(slowest_, absl::Now() - start);
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }

    api::Client& client_;
    absl::Duration slowest_;
    std::jthread thread_;
};

absl::Status send(api::Client& client, const Batches& batches, size_t expected) {
    auto sink = client.open_sink("sluice.Routes.Load", patience);
    if (!sink.ok()) {
        return sink.status();
    }
    for (const sluice::RouteBatch& batch : batches) {
        if (auto status = sink->write(batch); !status.ok()) {
            return status;
        }
    }
    sluice::LoadRoutesReply reply;
    if (auto status = sink->finish(reply); !status.ok()) {
        return status;
    }
    if (reply.added() + reply.deleted() != expected) {
        return absl::InternalError(fmt::format("{} routes were sent, but {} added and {} deleted",
                                               expected, reply.added(), reply.deleted()));
    }
    return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, Figures>> run(const Options& options) {
    auto client = api::Client::connect(options.socket, absl::Seconds(5));
    // Of its own connection, so that it does not wait behind the batches on their way.
    auto other = api::Client::connect(options.socket, absl::Seconds(5));
    if (!client.ok() || !other.ok()) {
        return client.ok() ? other.status() : client.status();
    }
    std::vector<Ip4Address> next_hops;
    for (const std::string& text : options.next_hops) {
        auto address = Ip4Address::parse(text);
        if (!address.ok()) {
            return address.status();
        }
        next_hops.push_back(*address);
    }
    const auto routes = perf::make_routes(
        options.routes, options.order == "sorted" ? perf::Order::sorted : perf::Order::random);
    std::map<std::string, Batches> phases;
    phases["add"] = make_batches(routes, options, &next_hops.front());
    phases["change"] = make_batches(routes, options, &next_hops.back());
    phases["withdraw"] = make_batches(routes, options, nullptr);
    std::map<std::string, Figures> all;
    for (unsigned i = 0; i < options.repeats; ++i) {
        for (const std::string& phase : options.phases) {
            Bystander bystander(**other);
            auto watchers = perf::RouteWatchers::start(options.socket, options.watchers);
            if (!watchers.ok()) {
                return watchers.status();
            }
            const absl::Time start = absl::Now();
            if (auto status = send(**client, phases[phase], routes.size()); !status.ok()) {
                return status;
            }
            const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
            all[phase].routes_per_second.push_back(double(routes.size()) / seconds);
            all[phase].slowest_answer_ms.push_back(bystander.slowest_ms());
            const auto seen = (*watchers)->await(routes.size());
            if (!seen.ok()) {
                return seen.status();
            }
            all[phase].events_per_second.push_back(double(*seen) /
                                                   absl::ToDoubleSeconds(absl::Now() - start));
        }
    }
    for (auto& [phase, figures] : all) {
        std::sort(figures.routes_per_second.begin(), figures.routes_per_second.end());
        std::sort(figures.slowest_answer_ms.begin(), figures.slowest_answer_ms.end());
        std::sort(figures.events_per_second.begin(), figures.events_per_second.end());
    }
    return all;
}

double median(const std::vector<double>& sorted) {
    return sorted[sorted.size() / 2];
}

void print(const Options& options, std::map<std::string, Figures>& all) {
    const bool json = options.format == "json";
    const char* const kind = options.interface.empty() ? "recursive" : "by interface";
    if (json) {
        fmt::print(R"({{"routes": {}, "batch": {}, "order": "{}", "next_hops": "{}", "runs": {})",
                   options.routes, options.batch, options.order, kind, options.repeats);
    } else {
        fmt::print("{} routes in batches of {}, {} order, next hops {}, median of {} runs\n",
                   options.routes, options.batch, options.order, kind, options.repeats);
        fmt::print("{:<10} {:>10} {:>24} {:>26} {:>12}\n", "", "routes/s", "(least to most)",
                   "slowest other answer, ms", options.watchers == 0 ? "" : "events/s");
    }
    for (const std::string& phase : options.phases) {
        const Figures& figures = all[phase];
        const auto& rates = figures.routes_per_second;
        if (json) {
            fmt::print(R"(, "{}": {{"routes_per_second": {:.0f}, "min": {:.0f}, "max": {:.0f}, )"
                       R"("slowest_answer_ms": {:.1f}, "events_per_second": {:.0f}}})",
                       phase, median(rates), rates.front(), rates.back(),
                       figures.slowest_answer_ms.back(), median(figures.events_per_second));
        } else {
            fmt::print("{:<10} {:>10.0f} {:>24} {:>26.1f} {:>12}\n", phase, median(rates),
                       fmt::format("({:.0f} to {:.0f})", rates.front(), rates.back()),
                       figures.slowest_answer_ms.back(),
                       options.watchers == 0
                           ? std::string()
                           : fmt::format("{:.0f}", median(figures.events_per_second)));
        }
    }
    fmt::print("{}", json ? "}\n" : "");
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("routes_bench: routes a second through the API of a running sluiced.");
    app.add_option("--socket", options.socket, "The daemon's socket")->capture_default_str();
    app.add_option("--routes", options.routes, "How many")
        ->check(CLI::Range(1, 3'000'000))
        ->capture_default_str();
    app.add_option("--batch", options.batch, "Routes a message")
        ->check(CLI::Range(1, 200'000))
        ->capture_default_str();
    app.add_option("--repeats", options.repeats, "Runs, of which the median is quoted")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--order", options.order, "sorted or random")
        ->check(CLI::IsMember({"sorted", "random"}))
        ->capture_default_str();
    app.add_option("--next-hops", options.next_hops, "Two, between which a change goes")
        ->expected(2)
        ->required();
    app.add_option("--interface", options.interface, "To both next hops; recursive without it");
    app.add_option("--phases", options.phases, "add, change, withdraw, or some of them")
        ->delimiter(',')
        ->check(CLI::IsMember({"add", "change", "withdraw"}));
    app.add_option("--watchers", options.watchers, "Clients that watch the events of routes")
        ->check(CLI::Range(0, 1000))
        ->capture_default_str();
    app.add_option("--format", options.format, "json or text")
        ->check(CLI::IsMember({"json", "text"}))
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    auto figures = run(options);
    if (!figures.ok()) {
        fmt::print(stderr, "error: {}\n", std::string(figures.status().message()));
        return 1;
    }
    print(options, *figures);
    return 0;
}
