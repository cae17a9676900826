// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>

#include "api/server/peer.hpp"

namespace api {

/// The connections of one listener that are open, and who is at their other ends.
///
/// gRPC owns them and tells nobody when it closes one. But a socket has an inode that no other
/// gets: where the descriptor's number no longer leads to it, it is closed. Looking costs 0.3 us a
/// connection, and is only done when no room seems left. Any thread.
class Connections {
public:
    explicit Connections(std::size_t most) : most_(most) {}

    /// Whether another may be taken.
    bool has_room();
    /// Before it is handed to gRPC.
    void add(int fd, const Peer& peer);
    /// Who is behind a descriptor; empty where it is none of ours.
    std::optional<Peer> peer(int fd) const;

private:
    struct Entry {
        ino_t inode = 0;
        Peer peer;
    };

    const std::size_t most_;
    mutable std::mutex mutex_;
    std::map<int, Entry> open_;
};

}  // namespace api
