// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/engine.hpp"
#include "plugins/pg/feed.hpp"
#include "plugins/pg/interfaces.hpp"
#include "plugins/pg/packet_template.hpp"

namespace pg {

/// What the operator says of how a feed runs.
struct FeedRequest {
    std::string name;
    std::string interface;
    std::optional<uint64_t> rate;
    std::optional<uint32_t> vector;
    std::optional<uint32_t> worker;
};

/// All streams and replays, by name. A feed that is started is polled by a worker while its
/// interface is up. Goes before the Interfaces. Control thread.
class Generators {
public:
    enum class State { stopped, running, waiting, done };
    struct Info {
        std::string name;
        std::string interface;
        State state;
        const Feed* feed;
    };

    /// Throws std::runtime_error where the process has no descriptor left.
    Generators(graph::Engine& engine, vnet::interface::Table& table, Interfaces& interfaces,
               const vnet::device::InputPath& path);
    ~Generators();
    Generators(const Generators&) = delete;
    Generators& operator=(const Generators&) = delete;

    /// A refused request changes nothing, and its sentence says what would be accepted.
    absl::Status add_stream(const FeedRequest& request, std::optional<uint64_t> packets,
                            const PacketSpec& spec);
    /// `loops`: 0 for without end.
    absl::Status add_replay(const FeedRequest& request, const std::string& file, uint64_t loops,
                            std::optional<vnet::wire::MacAddress> destination_mac);
    absl::Status start(const std::string& name);
    absl::Status stop(const std::string& name);
    absl::Status remove(const std::string& name);
    std::vector<Info> list() const;
    /// The interface is up: feeds that waited for it begin. Not sooner, or their first packets
    /// would be dropped.
    void interface_up(vnet::interface::Index interface);

private:
    struct Generator {
        std::shared_ptr<Feed> feed;
        std::optional<unsigned> worker;
        bool started = false;
        bool attached = false;
    };
    absl::StatusOr<Entrance> check(const FeedRequest& request, Pace& pace) const;
    uint32_t free_queue(vnet::interface::Index interface) const;
    absl::StatusOr<Generator*> find(const std::string& name);
    absl::Status attach(Generator& generator);
    void detach(Generator& generator);
    void hear(vnet::interface::Index interface, Interfaces::Event event);
    void reap();

    graph::Engine& engine_;
    vnet::interface::Table& table_;
    Interfaces& interfaces_;
    const vnet::device::InputPath path_;
    /// Feeds that are done write to it.
    const int done_fd_;
    std::map<std::string, Generator> generators_;
    graph::Control::Handle watch_;
};

}  // namespace pg
