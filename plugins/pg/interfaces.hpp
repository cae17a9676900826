// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/engine.hpp"
#include "plugins/pg/recorder.hpp"
#include "plugins/pg/tx.hpp"
#include "vnet/interface/device.hpp"
#include "vnet/interface/table.hpp"

namespace pg {

/// Interfaces of kind "pg", and the recordings of what is sent to them. Must outlive the
/// interfaces. Control thread.
class Interfaces {
public:
    static constexpr const char* kind = "pg";
    /// What a generator needs to hear of its interface.
    enum class Event { down, gone };

    /// `tx` is the node `tx_node`.
    Interfaces(graph::Engine& engine, vnet::interface::Table& table, std::shared_ptr<Tx> tx,
               graph::NodeId tx_node, SentAt sent_at);
    ~Interfaces();
    Interfaces(const Interfaces&) = delete;
    Interfaces& operator=(const Interfaces&) = delete;

    /// Makes an interface, down. The name is checked by the table.
    absl::Status add(const std::string& name, std::optional<vnet::wire::MacAddress> mac);
    /// The index of an interface of this kind. NOT_FOUND and INVALID_ARGUMENT name what there is.
    absl::StatusOr<vnet::interface::Index> find(const std::string& name) const;
    /// Called within the interface's own change: what feeds it must have stopped on return.
    void on_event(std::function<void(vnet::interface::Index, Event)> hear) {
        hear_ = std::move(hear);
    }

    struct Recording {
        std::string interface;
        std::string file;
        uint64_t packets = 0;
        uint64_t overflow = 0;
        bool running = false;
        std::string error;
    };
    /// Begins to record. ALREADY_EXISTS while another recording of the interface runs, or another
    /// writes that file.
    absl::Status record(const std::string& interface, const std::string& file, uint64_t packets);
    absl::Status stop_record(const std::string& interface);
    std::vector<Recording> recordings() const;

private:
    friend class PgDevice;
    void hear(vnet::interface::Index interface, Event event) {
        if (hear_) {
            hear_(interface, event);
        }
    }
    void unpublish(vnet::interface::Index interface);
    void forget(vnet::interface::Index interface, uint32_t unit);

    graph::Engine& engine_;
    vnet::interface::Table& table_;
    std::shared_ptr<Tx> tx_;
    graph::NodeId tx_node_;
    SentAt sent_at_;
    std::function<void(vnet::interface::Index, Event)> hear_;
    std::vector<bool> units_;
    std::map<vnet::interface::Index, std::unique_ptr<Recorder>> recorders_;
};

}  // namespace pg
