// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <ctime>
#include <string>

#include "plugins/host/stamp.hpp"
#include "vnet/plugin/registry.hpp"

namespace plugins::host {

/// A plugin's file, checked before its code is mapped. Mapped code stays mapped until the process
/// ends, since Protobuf keeps pointers into it.
class Object {
public:
    /// Which contents a path had.
    struct Version {
        unsigned long device = 0;
        unsigned long inode = 0;
        long size = 0;
        timespec written{};
        friend bool operator==(const Version& a, const Version& b) {
            return a.device == b.device && a.inode == b.inode && a.size == b.size &&
                   a.written.tv_sec == b.written.tv_sec && a.written.tv_nsec == b.written.tv_nsec;
        }
    };
    static absl::StatusOr<Version> version_of(const std::string& plugin, const std::string& file);

    /// Reads and checks the file, as far as that goes without running any of it: is it whole, does
    /// its stamp match this host, is its entry there, do its messages clash. `stamp` is filled in
    /// as soon as it is known.
    static absl::StatusOr<Object> check(const std::string& plugin, const std::string& file,
                                        Stamp& stamp);

    /// Maps it. FAILED_PRECONDITION with the dynamic linker's reason.
    absl::StatusOr<vnet::plugin::Entry*> map() const;

    const Version& version() const noexcept { return version_; }
    /// The contents of its section of descriptors, empty where it has no messages.
    const std::string& descriptors() const noexcept { return descriptors_; }

private:
    std::string plugin_;
    std::string file_;
    Version version_;
    std::string descriptors_;
};

}  // namespace plugins::host
