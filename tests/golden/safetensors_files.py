"""Small safetensors files, sound and broken, with the verdict of Python's package: safetensors_files.json.

python -m venv /tmp/venv && /tmp/venv/bin/pip install safetensors==0.8.0
/tmp/venv/bin/python tests/golden/safetensors_files.py && deno fmt tests/golden
"""

import base64
import json
import pathlib
import struct

from safetensors import deserialize

out=[]
def raw(name, header, data=b'', length=None):
    h = header if isinstance(header, bytes) else header.encode()
    b = struct.pack('<Q', len(h) if length is None else length) + h + data
    out.append((name, b))
t = lambda dtype="F32", shape=[2], off=[0,8], **k: {"dtype":dtype,"shape":shape,"data_offsets":off, **k}
J=json.dumps
D8=b'\0'*8
raw('plain', J({"a":t()}), D8)
raw('pad_spaces', J({"a":t()})+'   ', D8)
raw('pad_newline', J({"a":t()})+'\n\n', D8)
raw('pad_tab_cr', J({"a":t()})+'\t\r', D8)
raw('pad_zero', J({"a":t()})+'\0\0', D8)
raw('pad_x', J({"a":t()})+'x', D8)
raw('lead_space', ' '+J({"a":t()}), D8)
raw('lead_newline', '\n'+J({"a":t()}), D8)
raw('inner_space', json.dumps({"a":t()}, indent=2), D8)
raw('bom', b'\xef\xbb\xbf'+J({"a":t()}).encode(), D8)
raw('empty_header', '{}', b'')
raw('empty_header_data', '{}', D8)
raw('zero_len', '', b'')
raw('one_len', '{', b'')
raw('array_header', '[]', b'')
raw('null_header', 'null', b'')
raw('string_header', '"a"', b'')
raw('zero_size', J({"a":t(shape=[0],off=[0,0])}), b'')
raw('zero_size2', J({"a":t(shape=[3,0,2],off=[0,0]),"b":t()}), D8)
raw('zero_size_mid', J({"b":t(),"a":t(shape=[0],off=[4,4])}), D8)
raw('zero_size_end', J({"b":t(),"a":t(shape=[0],off=[8,8])}), D8)
raw('two_zero', J({"b":t(shape=[0],off=[0,0]),"a":t(shape=[0],off=[0,0])}), b'')
raw('scalar', J({"a":t(shape=[],off=[0,4])}), b'\0'*4)
for dt,n in dict(BOOL=1,U8=1,I8=1,F8_E5M2=1,F8_E4M3=1,F8_E8M0=1,I16=2,U16=2,F16=2,BF16=2,I32=4,U32=4,F32=4,C64=8,F64=8,I64=8,U64=8,F8_E4M3FNUZ=1,F8_E5M2FNUZ=1,C128=16).items():
    raw('dtype_'+dt, J({"a":t(dt,[2],[0,2*n])}), b'\0'*2*n)
raw('dtype_F4', J({"a":t("F4",[4],[0,2])}), b'\0'*2)
raw('dtype_F4_odd', J({"a":t("F4",[3],[0,2])}), b'\0'*2)
raw('dtype_F4_odd1', J({"a":t("F4",[3],[0,1])}), b'\0'*1)
raw('dtype_F6_E2M3', J({"a":t("F6_E2M3",[4],[0,3])}), b'\0'*3)
raw('dtype_F6_E3M2', J({"a":t("F6_E3M2",[8],[0,6])}), b'\0'*6)
raw('dtype_F6_bad', J({"a":t("F6_E3M2",[3],[0,3])}), b'\0'*3)
raw('dtype_f32', J({"a":t("f32")}), D8)
raw('dtype_float32', J({"a":t("float32")}), D8)
raw('dtype_unknown', J({"a":t("X9",[2],[0,8])}), D8)
raw('dtype_num', J({"a":t(3,[2],[0,8])}), D8)
raw('meta', J({"__metadata__":{"a":"b"},"a":t()}), D8)
raw('meta_empty', J({"__metadata__":{},"a":t()}), D8)
raw('meta_null', J({"__metadata__":None,"a":t()}), D8)
raw('meta_num', J({"__metadata__":{"a":1},"a":t()}), D8)
raw('meta_nullv', J({"__metadata__":{"a":None},"a":t()}), D8)
raw('meta_nested', J({"__metadata__":{"a":{}},"a":t()}), D8)
raw('meta_array', J({"__metadata__":[],"a":t()}), D8)
raw('meta_array2', J({"__metadata__":[["a","b"]],"a":t()}), D8)
raw('meta_str', J({"__metadata__":"x","a":t()}), D8)
raw('meta_last', J({"a":t(),"__metadata__":{"a":"b"}}), D8)
raw('meta_only', J({"__metadata__":{"a":"b"}}), b'')
raw('meta_dup', '{"__metadata__":{"a":"b","a":"c"},"a":'+J(t())+'}', D8)
raw('meta_twice', '{"__metadata__":{"a":"b"},"__metadata__":{"a":"c"},"a":'+J(t())+'}', D8)
raw('dup_same', '{"a":'+J(t())+',"a":'+J(t())+'}', D8)
raw('dup_other', '{"a":'+J(t())+',"a":'+J(t(off=[8,16]))+'}', D8*2)
raw('dup_field', '{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', D8)
raw('extra_field', J({"a":t(extra=1)}), D8)
raw('extra_field_obj', J({"a":t(extra={"x":[1]})}), D8)
raw('missing_shape', J({"a":{"dtype":"F32","data_offsets":[0,8]}}), D8)
raw('missing_dtype', J({"a":{"shape":[2],"data_offsets":[0,8]}}), D8)
raw('missing_off', J({"a":{"dtype":"F32","shape":[2]}}), D8)
raw('array_entry', J({"a":["F32",[2],[0,8]]}), D8)
raw('array_entry_long', J({"a":["F32",[2],[0,8],1]}), D8)
raw('null_entry', J({"a":None}), D8)
raw('order_rev', J({"b":t(off=[8,16]),"a":t(off=[0,8])}), D8*2)
raw('unaligned', J({"a":t("U8",[1],[0,1]),"b":t(off=[1,9])}), b'\0'*9)
raw('hole', J({"a":t(),"b":t(off=[12,20])}), b'\0'*20)
raw('overlap', J({"a":t(),"b":t(off=[4,12])}), b'\0'*12)
raw('same_data', J({"a":t(),"b":t()}), D8)
raw('excess', J({"a":t()}), D8+b'\0')
raw('short', J({"a":t()}), b'\0'*7)
raw('not_from_0', J({"a":t(off=[4,12])}), b'\0'*12)
raw('backwards', J({"a":t(off=[8,0])}), D8)
raw('size_mismatch', J({"a":t(shape=[3])}), D8)
raw('neg_shape', J({"a":t(shape=[-2])}), D8)
raw('neg_shape2', J({"a":t(shape=[-1,-2])}), D8)
raw('float_shape', '{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}', D8)
raw('exp_shape', '{"a":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]}}', D8)
raw('float_off', '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8.0]}}', D8)
raw('neg_zero', '{"a":{"dtype":"F32","shape":[2],"data_offsets":[-0,8]}}', D8)
raw('off3', J({"a":t(off=[0,8,8])}), D8)
raw('off1', J({"a":t(off=[8])}), D8)
raw('off_str', J({"a":t(off=["0","8"])}), D8)
raw('shape_null', J({"a":t(shape=None)}), D8)
raw('shape_str', J({"a":t(shape="2")}), D8)
raw('huge_shape', J({"a":t(shape=[2**62,2**62])}), D8)
raw('huge_zero', J({"a":t(shape=[2**62,2**62,0],off=[0,0])}), b'')
raw('huge_zero_first', J({"a":t(shape=[0,2**62,2**62],off=[0,0])}), b'')
raw('big_dim_zero', J({"a":t(shape=[2**60,0],off=[0,0])}), b'')
raw('big_dim_zero53', J({"a":t(shape=[2**53,0],off=[0,0])}), b'')
raw('big_dim_zero_f', J({"a":t(shape=[0,2**60],off=[0,0])}), b'')
raw('u64_shape', '{"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8]}}', D8)
raw('name_empty', J({"":t()}), D8)
raw('name_unicode', json.dumps({"é日":t()}, ensure_ascii=False), D8)
raw('name_escape', '{"\\u0061\\n":'+J(t())+'}', D8)
raw('name_surrogate', '{"\\ud800":'+J(t())+'}', D8)
raw('name_pair', '{"\\ud83d\\ude00":'+J(t())+'}', D8)
raw('name_proto', '{"__proto__":'+J(t())+'}', D8)
raw('name_ctrl', '{"a\nb":'+J(t())+'}', D8)
raw('bad_utf8', b'{"\xff":'+J(t()).encode()+b'}', D8)
raw('trailing_comma', '{"a":'+J(t())+',}', D8)
raw('comment', '{"a":'+J(t())+'}/* */', D8)
raw('nan_extra', '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":NaN}}', D8)
raw('big_extra', '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1e999}}', D8)
raw('deep_extra', '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":'+'['*200+']'*200+'}}', D8)
raw('deep_extra100', '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":'+'['*100+']'*100+'}}', D8)
raw('len_over', J({"a":t()}), D8, length=10**6)
raw('len_100M1', J({"a":t()}), D8, length=100_000_001)
raw('len_u64', J({"a":t()}), D8, length=2**64-1)
raw('len_short', J({"a":t()}), D8, length=10)
out.append(('bytes7', b'\0'*7)); out.append(('bytes0', b'')); out.append(('bytes8', b'\0'*8))
raw('large_pad', J({"a":t()})+' '*1000, D8)
raw('fields_order', '{"a":{"data_offsets":[0,8],"shape":[2],"dtype":"F32"}}', D8)
raw('bool2', J({"a":t("BOOL",[2],[0,2])}), b'\1\2')


def verdict(data):
    try:
        deserialize(data)
    except Exception as error:  # SafetensorError is no subclass of a narrower one.
        return str(error)
    return None


files = [{"name": name, "bytes": base64.b64encode(data).decode(), "refused": verdict(data)} for name, data in out]
path = pathlib.Path(__file__).parent / "safetensors_files.json"
path.write_text(json.dumps(files, indent=2) + "\n")
