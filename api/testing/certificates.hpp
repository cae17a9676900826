// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <string>

#include "api/tls/files.hpp"

namespace api::testing {

/// An authority that issues certificates for tests, as files in a folder.
class CertificateMaker {
public:
    struct Wish {
        /// The file's name, and the common name where `common_name` is empty.
        std::string name;
        std::string common_name;
        /// As OpenSSL has it: "DNS:localhost,IP:127.0.0.1"; none where it is empty.
        std::string alternative_names;
        absl::Duration begins = -absl::Hours(1);
        absl::Duration ends = absl::Hours(1);
    };

    /// `name`: of the authority; its certificate is FOLDER/NAME.pem.
    CertificateMaker(std::string folder, const std::string& name);
    ~CertificateMaker();
    CertificateMaker(const CertificateMaker&) = delete;
    CertificateMaker& operator=(const CertificateMaker&) = delete;

    /// Makes FOLDER/NAME.pem and FOLDER/NAME.key.
    tls::Files issue(const Wish& wish);
    const std::string& ca() const { return ca_; }

private:
    struct Pair;
    const std::string folder_;
    const std::string ca_;
    std::unique_ptr<Pair> authority_;
    long serial_ = 1;
};

}  // namespace api::testing
