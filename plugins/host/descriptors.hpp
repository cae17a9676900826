// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>
#include <vector>

namespace plugins::host {

/// The section of a plugin that holds the descriptors of its messages, imports included.
inline constexpr std::string_view descriptor_section = ".sluice.descriptors";

/// Whether an object whose messages are these may be loaded into this process. Protobuf would end
/// the process where a file or a message is defined twice; so it is tried here first, in a pool of
/// its own, against everything that is loaded.
///
/// `set` is a serialised FileDescriptorSet, each file behind its imports; `own` names the files
/// that the object itself defines, the rest being imports that must be loaded already, in the same
/// version. FAILED_PRECONDITION names both sides of a clash.
absl::Status check_descriptors(std::string_view plugin, std::string_view set,
                               const std::vector<std::string>& own);

}  // namespace plugins::host
