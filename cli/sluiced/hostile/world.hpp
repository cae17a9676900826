// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api/registry.hpp"
#include "cli/sluiced/hostile/request_maker.hpp"
#include "graph/engine.hpp"
#include "plugins/host/loader.hpp"
#include "vnet/router.hpp"

namespace cli::hostile {

/// A router with a few interfaces, addresses and routes, and all methods of a daemon. No worker
/// runs; no root, no hugepages.
class World {
public:
    /// `plugins` is the folder of those whose methods are called as well; none where it is empty.
    explicit World(const std::string& plugins = "");
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// Calls methods as the bytes decide, with requests that they decide. Ends the process, saying
    /// which method and why, where a refusal has no sentence or one that is absurdly long, or a
    /// call takes more than a second of the processor.
    void run(std::span<const std::uint8_t> bytes);

    /// How often each method was called, and how often with success.
    struct Calls {
        unsigned all = 0;
        unsigned done = 0;
    };
    const std::map<std::string, Calls>& calls() const { return calls_; }

private:
    void register_all(const std::string& plugins);
    void configure();
    void settle();
    void call(const api::Method& method, Decisions& decisions);
    absl::Status run(const api::Method& method, const google::protobuf::Message& request,
                     Decisions& decisions);
    absl::Status read(const api::Method& method, api::MessageFeed& feed);
    absl::Status write(const api::Method& method, const google::protobuf::Message& request,
                       Decisions& decisions);

    std::unique_ptr<graph::Engine> engine_;
    std::unique_ptr<vnet::Router> router_;
    api::Registry registry_;
    std::unique_ptr<plugins::host::Host> host_;
    std::vector<std::shared_ptr<const api::Method>> methods_;
    std::vector<std::shared_ptr<api::EventChannel>> watches_;
    std::vector<std::shared_ptr<api::FeedChannel>> channels_;
    RequestMaker maker_;
    std::map<std::string, Calls> calls_;
};

}  // namespace cli::hostile
