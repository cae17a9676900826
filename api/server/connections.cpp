// SPDX-License-Identifier: Apache-2.0
#include "api/server/connections.hpp"

namespace api {
namespace {

ino_t inode_of(int fd) {
    struct stat found {};
    return ::fstat(fd, &found) == 0 && S_ISSOCK(found.st_mode) ? found.st_ino : 0;
}

}  // namespace

bool Connections::has_room() {
    const std::lock_guard lock(mutex_);
    if (open_.size() >= most_) {
        std::erase_if(
            open_, [](const auto& entry) { return inode_of(entry.first) != entry.second.inode; });
    }
    return open_.size() < most_;
}

void Connections::add(int fd, const Peer& peer) {
    const std::lock_guard lock(mutex_);
    open_.insert_or_assign(fd, Entry{inode_of(fd), peer});
}

std::optional<Peer> Connections::peer(int fd) const {
    const std::lock_guard lock(mutex_);
    const auto entry = open_.find(fd);
    return entry == open_.end() ? std::nullopt : std::optional(entry->second.peer);
}

}  // namespace api
