"""The environment variables of the processes on the laptop.

Law: pure. A Lambda's environment holds what its template and AWS put there, and nothing of the
developer's own.
"""

from __future__ import annotations

from local.stack.template.template import REGION, Function


def endpoint_environment(endpoint: str, key: str) -> dict[str, str]:
    """Return the variables that lead an AWS SDK to the laptop's endpoint and away from the
    developer's own configuration.
    """
    return {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": "laptop",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": "UTC",
        "no_proxy": "*",
    }


def access_key(number: int) -> str:
    """Return the access key id by which the AWS endpoint knows the `number`-th function of a
    template.
    """
    return f"LAMBDA{number:02}"


def function_environment(function: Function, number: int, endpoint: str) -> dict[str, str]:
    """Return the variables of the `number`-th Lambda of a template, including those that AWS
    adds.
    """
    return {
        **function.environment,
        **endpoint_environment(endpoint, access_key(number)),
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function.aws_name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": function.log_format,
        "AWS_LAMBDA_LOG_LEVEL": function.log_level,
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.aws_name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "laptop",
        "AWS_SAM_LOCAL": "true",  # disables X-Ray in Powertools
        "LAMBDA_TASK_ROOT": str(function.code),
        "_HANDLER": function.handler,
    }
