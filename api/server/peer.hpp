// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

namespace api {

/// Who connected to a Unix socket, as the kernel says: for the audit log, not for authority.
struct Peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

}  // namespace api
