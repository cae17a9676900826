// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "api/file.hpp"

namespace vnet::capture {

/// Where a capture's bytes go. Used by one thread at a time, which may have to wait for it.
class Sink {
public:
    virtual ~Sink() = default;
    /// Takes whole blocks. After an error none of these counts as taken, and the sink is used no
    /// more.
    virtual absl::Status write(std::span<const std::byte> blocks) = 0;
    /// Whether anybody still wants them. Asked all the time.
    virtual bool wanted() const { return true; }
};

/// A file of the router's.
class FileSink : public Sink {
public:
    /// Makes the file. It must not be there yet and its path begins at the root: a capture never
    /// takes the place of what somebody else needs. INVALID_ARGUMENT, ALREADY_EXISTS, NOT_FOUND,
    /// PERMISSION_DENIED or FAILED_PRECONDITION with a sentence where it cannot be made.
    static absl::StatusOr<std::unique_ptr<FileSink>> create(const std::string& path);
    /// DATA_LOSS where the disk does not take them; the file then ends with the last whole block.
    absl::Status write(std::span<const std::byte> blocks) override;

private:
    FileSink(std::string path, api::File file) : path_(std::move(path)), file_(std::move(file)) {}
    std::string path_;
    api::File file_;
    uint64_t size_ = 0;
};

}  // namespace vnet::capture
