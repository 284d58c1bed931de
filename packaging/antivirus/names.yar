/*
  A scanner that finds many names of remote-access tools in one program takes it for one of them, or for a tool that
  hunts them. The agent's catalogue is packed; what stands in clear are paths of settings that it reads.
*/

rule catalogue_in_clear
{
    meta:
        about = "Names that the agent knows from its catalogue alone: none may stand in clear"
    strings:
        $a1 = "Splashtop" ascii wide nocase
        $a2 = "Ammyy" ascii wide nocase
        $a3 = "LogMeIn" ascii wide nocase
        $a4 = "GoToAssist" ascii wide nocase
        $a5 = "UltraViewer" ascii wide nocase
        $a6 = "AeroAdmin" ascii wide nocase
        $a7 = "DameWare" ascii wide nocase
        $a8 = "Zoho Assist" ascii wide nocase
        $a9 = "BeyondTrust" ascii wide nocase
        $b1 = "Bomgar" ascii wide nocase
        $b2 = "Iperius" ascii wide nocase
        $b3 = "Remote Utilities" ascii wide nocase
        $b4 = "NetSupport" ascii wide nocase
        $b5 = "SimpleHelp" ascii wide nocase
        $b6 = "Supremo" ascii wide nocase
    condition:
        any of them
}

rule remote_tool_commands
{
    meta:
        about = "What droppers of remote tools carry: silent installation and unattended passwords"
    strings:
        $c1 = "--set-password" ascii wide
        $c2 = "--start-with-win" ascii wide
        $c3 = "/VERYSILENT" ascii wide nocase
        $c4 = "powershell -enc" ascii wide nocase
        $c5 = "cmd.exe /c" ascii wide nocase
    condition:
        any of them
}

rule packed_by_upx
{
    strings:
        $u1 = "UPX!"
        $u2 = "$Info: This file is packed with the UPX"
    condition:
        $u2 or ($u1 in (0..1024))
}
