// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "api/grammar/testing/fixture.hpp"
#include "api/server/describe.hpp"
#include "api/server/server.hpp"

namespace cli {

/// A small router behind a real server, in this process: api/grammar/testing/test.proto as a daemon
/// would serve it.
class TestingDaemon {
public:
    explicit TestingDaemon(const std::string& path) : work_(control_.get_executor()) {
        check(registry_.add_descriptors(grammar_test_descriptors()));
        check(api::add_describe(registry_, "1.2.3"));
        check(api::add_reflection(registry_));
        add_routes();
        add_interfaces();
        thread_ = std::thread([this] { control_.run(); });
        auto server = api::Server::start(registry_, control_, {.unix_path = path});
        check(server.status());
        server_ = *std::move(server);
    }

    ~TestingDaemon() {
        server_.reset();
        on_control([this] { watchers_.clear(); });
        work_.reset();
        thread_.join();
    }

    TestingDaemon(const TestingDaemon&) = delete;
    TestingDaemon& operator=(const TestingDaemon&) = delete;

    /// As a plugin does that comes and goes.
    void load_interfaces() {
        on_control([this] { add_interfaces(); });
    }
    void unload_interfaces() {
        on_control([this] { registry_.remove_service("sluice.grammar.testing.Interfaces"); });
    }

private:
    using Route = api::grammar::testing::proto::Route;
    using ListRequest = api::grammar::testing::proto::ListRequest;
    using MatchRequest = api::grammar::testing::proto::MatchRequest;
    using InterfaceList = api::grammar::testing::proto::InterfaceList;
    using InterfaceListRequest = api::grammar::testing::proto::InterfaceListRequest;
    using InterfaceSetRequest = api::grammar::testing::proto::InterfaceSetRequest;
    using Text = api::grammar::testing::proto::Text;

    static void check(const absl::Status& status) {
        if (!status.ok()) {
            throw std::runtime_error(status.ToString());
        }
    }

    void on_control(const std::function<void()>& function) {
        std::promise<void> done;
        boost::asio::post(control_, [&] {
            function();
            done.set_value();
        });
        done.get_future().wait();
    }

    void add_routes() {
        const std::string service = "sluice.grammar.testing.Routes.";
        check(registry_.add_unary<Route, sluice::Empty>(
            service + "Add", [this](const Route& route) -> absl::StatusOr<sluice::Empty> {
                if (!routes_.emplace(route.prefix().address(), route).second) {
                    return absl::AlreadyExistsError(
                        "the prefix has a route already: delete it first");
                }
                std::erase_if(watchers_, [&](const auto& watcher) { return !watcher.push(route); });
                return sluice::Empty();
            }));
        check(registry_.add_list<ListRequest, Route>(
            service + "List", [this](const ListRequest&) -> absl::StatusOr<api::ItemSource<Route>> {
                std::vector<Route> all;
                for (const auto& [address, route] : routes_) {
                    all.push_back(route);
                }
                return api::items(std::move(all));
            }));
        check(registry_.add_unary<MatchRequest, Route>(
            service + "Match", [this](const MatchRequest& request) -> absl::StatusOr<Route> {
                const auto found = routes_.upper_bound(request.address().value());
                if (found == routes_.begin()) {
                    return absl::NotFoundError("no route leads there");
                }
                return std::prev(found)->second;
            }));
        check(registry_.add_watch<ListRequest, Route>(
            service + "Watch", [this](const ListRequest&, api::Watcher<Route> watcher) {
                for (const auto& [address, route] : routes_) {
                    watcher.push(route);
                }
                watchers_.push_back(std::move(watcher));
                return absl::OkStatus();
            }));
    }

    void add_interfaces() {
        const std::string service = "sluice.grammar.testing.Interfaces.";
        check(registry_.add_unary<InterfaceListRequest, InterfaceList>(
            service + "List", [](const InterfaceListRequest&) -> absl::StatusOr<InterfaceList> {
                InterfaceList list;
                list.add_interfaces()->set_name("lan");
                list.add_interfaces()->set_name("wan");
                return list;
            }));
        check(registry_.add_unary<InterfaceSetRequest, sluice::Empty>(
            service + "Set",
            [](const InterfaceSetRequest& request) -> absl::StatusOr<sluice::Empty> {
                return absl::NotFoundError("no interface is named " + request.name());
            }));
        check(registry_.add_unary<sluice::Empty, Text>(
            service + "Draw", [](const sluice::Empty&) -> absl::StatusOr<Text> {
                Text text;
                text.set_text("digraph {\n}\n");
                return text;
            }));
    }

    api::Registry registry_;
    std::map<std::uint32_t, Route> routes_;
    std::vector<api::Watcher<Route>> watchers_;
    boost::asio::io_context control_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::thread thread_;
    std::unique_ptr<api::Server> server_;
};

}  // namespace cli
